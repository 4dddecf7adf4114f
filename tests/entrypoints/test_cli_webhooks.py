"""`karla webhooks` and `karla events`, as a developer types them at a Karla that is somewhere else."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from karla.infra.settings import Settings
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla, ShopClient
from tests.support.receiver import Receiver, receiving
from tests.support.samples import sample
from tests.support.serving import served

NOBODY = "0b0f6c1e-6f0d-4a0e-9a55-2f7f3f6f1c10"
KARLA = (sys.executable, "-m", "karla")


class Terminal:
    """Where the developer of one shop types."""

    def __init__(self, address: str, client: ShopClient) -> None:
        self.environment = {
            "KARLA_API_URL": address,
            "KARLA_SHOP": client.slug,
            "KARLA_API_KEY": client.key,
            "COLUMNS": "200",
        }

    async def run(self, *arguments: str, **environment: str) -> str:
        """A command that ends well by itself, and what it prints."""
        code, output, errors = await self._ended(arguments, environment)
        assert code == 0, errors
        return output

    async def refused(self, *arguments: str, **environment: str) -> str:
        """A command that fails, and what it says to that: no trace of its inside."""
        code, output, errors = await self._ended(arguments, environment)
        assert code in (1, 2), output
        assert "Traceback" not in errors
        return errors

    async def _ended(self, arguments: tuple[str, ...], environment: dict[str, str]) -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            *KARLA,
            *arguments,
            env={**os.environ, **self.environment, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
        return process.returncode, output.decode(), errors.decode()

    @asynccontextmanager
    async def running(self, *arguments: str, errors: Path = Path(os.devnull)) -> AsyncIterator[asyncio.StreamReader]:
        """A command that runs until Ctrl-C, and what it prints as it prints it; its standard error goes to `errors`."""
        with errors.open("wb") as beside:
            process = await asyncio.create_subprocess_exec(
                *KARLA,
                *arguments,
                env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
                stdout=asyncio.subprocess.PIPE,
                stderr=beside,
                limit=1_000_000,
            )
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.send_signal(signal.SIGINT)
            async with asyncio.timeout(20):
                rest = await process.stdout.read()
                assert await process.wait() == 0, rest


async def line_with(output: asyncio.StreamReader, text: str) -> str:
    """The next line that holds this."""
    async with asyncio.timeout(30):
        while text not in (line := (await output.readline()).decode()):
            assert line, f"it ended without {text!r}"
    return line


@pytest.fixture(scope="module")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    with served(settings, database_url) as url:
        yield url


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


@pytest_asyncio.fixture
async def terminal(address: str, shop: ShopClient) -> Terminal:
    return Terminal(address, shop)


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def happened(karla: Karla, shop: ShopClient, name: str = "OUT_FOR_DELIVERY") -> str:
    event = shipment_event(order_file(shop.shop.id), name)
    await happen(karla.services.db, event)
    return str(event.event_id)


class TestListen:
    async def test_events_come_to_this_machine_signed(
        self, karla: Karla, shop: ShopClient, terminal: Terminal, receiver: Receiver
    ) -> None:
        async with terminal.running("webhooks", "listen", "--forward", receiver.url) as output:
            receiver.secrets.append((await line_with(output, "whsec_")).split()[-1])
            event_id = await line_after_event(karla, shop, output)
            (entry,) = [one for one in receiver.journal if one.event_id == event_id]
        assert entry.signed
        journalled = (await shop.get(f"/events/{event_id}")).json()
        assert {"event_id": event_id, **entry.json} == journalled
        assert list(entry.json) == [name for name in journalled if name != "event_id"]

    async def test_a_secret_of_the_receivers_own(
        self, karla: Karla, shop: ShopClient, terminal: Terminal, receiver: Receiver
    ) -> None:
        receiver.secrets.append("a-secret-of-my-own")
        arguments = ("webhooks", "listen", "--forward", receiver.url, "--secret", "a-secret-of-my-own")
        async with terminal.running(*arguments) as output:
            assert "a-secret-of-my-own" not in await line_with(output, "from now on")
            assert "200" in await line_while(karla, shop, output)
        assert receiver.journal[-1].signed

    async def test_only_what_is_asked_for(
        self, karla: Karla, shop: ShopClient, terminal: Terminal, receiver: Receiver
    ) -> None:
        arguments = ("webhooks", "listen", "--forward", receiver.url, "--events", "shipment_delivered_all_events")
        async with terminal.running(*arguments) as output:
            await line_with(output, "whsec_")
            await line_while(karla, shop, output, "SUCCESSFULLY_DELIVERED")
            await happened(karla, shop, "ORDER_CONFIRMED")
            await happened(karla, shop)
            delivered = await happened(karla, shop, "DELIVERED_TO_NEIGHBOUR")
            await line_with(output, "DELIVERED_TO_NEIGHBOUR")
        assert receiver.journal[-1].event_id == delivered
        assert {one.json["event_data"]["phase"] for one in receiver.journal} == {"delivered"}

    async def test_a_receiver_that_is_down_is_told_and_outlived(
        self, karla: Karla, shop: ShopClient, terminal: Terminal, receiver: Receiver
    ) -> None:
        async with terminal.running("webhooks", "listen", "--forward", receiver.url) as output:
            await line_with(output, "whsec_")
            await line_while(karla, shop, output, "SUCCESSFULLY_DELIVERED")
            await receiver.down()
            await happened(karla, shop)
            assert "no answer: connect" in await line_with(output, "OUT_FOR_DELIVERY")
            await receiver.up()
            receiver.answer(500)
            await happened(karla, shop)
            assert "500" in await line_with(output, "OUT_FOR_DELIVERY")

    async def test_one_group(self, karla: Karla, shop: ShopClient, terminal: Terminal) -> None:
        async with terminal.running("events", "tail", "--ref", "shipment_out_for_delivery") as output:
            assert "shipments/in_delivery/OUT_FOR_DELIVERY" in await line_while(karla, shop, output)

    async def test_what_can_not_be_followed(self, terminal: Terminal) -> None:
        assert "--ref" in await terminal.refused("events", "tail", "--ref", "parcels")

    async def test_in_json(
        self, karla: Karla, shop: ShopClient, terminal: Terminal, receiver: Receiver, tmp_path: Path
    ) -> None:
        arguments = ("webhooks", "listen", "--forward", receiver.url, "--print-json")
        async with terminal.running(*arguments, errors=tmp_path / "errors") as output:
            told: dict[str, Any] = json.loads(await line_while(karla, shop, output))
        # The output is for a program; the secret is told beside it.
        assert "signed with the secret whsec_" in (tmp_path / "errors").read_text()
        assert (told["status_code"], told["error"]) == (200, None)
        assert told["event"]["event_id"] in {one.event_id for one in receiver.journal}

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--forward", "ftp://x"),
            ("--forward", "127.0.0.1:3000"),
            ("--forward", "http://127.0.0.1:9", "--events", "parcels"),
            ("--forward", "http://127.0.0.1:9", "--secret", ""),
        ],
    )
    async def test_what_can_not_be_listened_to(self, terminal: Terminal, arguments: tuple[str, ...]) -> None:
        assert arguments[-2] in await terminal.refused("webhooks", "listen", *arguments)


class TestTail:
    async def test_events_as_they_happen(self, karla: Karla, shop: ShopClient, terminal: Terminal) -> None:
        async with terminal.running("events", "tail", "--ref", "shipments/in_delivery") as output:
            line = await line_while(karla, shop, output)
        assert "shipments/in_delivery/OUT_FOR_DELIVERY" in line
        assert "shipment_out_for_delivery" in line
        assert "10001" in line

    async def test_in_json(self, karla: Karla, shop: ShopClient, terminal: Terminal) -> None:
        async with terminal.running("events", "tail", "--json") as output:
            told = json.loads(await line_while(karla, shop, output))
        assert told["ref"] == "shipments/in_delivery/OUT_FOR_DELIVERY"
        assert (await shop.get(f"/events/{told['event_id']}")).status_code == 200

    async def test_a_test_of_a_webhook_if_asked_for(self, shop: ShopClient, terminal: Terminal) -> None:
        webhook = (await shop.post("/webhooks", {"url": "https://hooks.shop.example/karla"})).json()["uuid"]
        async with terminal.running("events", "tail", "--include-test") as output:
            reading = asyncio.create_task(line_with(output, "webhooks/test"))
            while not reading.done():
                await shop.post(f"/webhooks/{webhook}/test", {})
                await asyncio.wait([reading], timeout=0.2)
            assert "webhook_test" in await reading


class TestTrigger:
    async def test_an_event_happens(self, shop: ShopClient, terminal: Terminal) -> None:
        order = (await shop.put("/orders", sample("order_upsert.request.headless"))).json()
        (number,) = {one["tracking_number"] for one in order["trackings"] if one["tracking_number"]}
        assert "in_delivery" in await terminal.run("events", "trigger", "OUT_FOR_DELIVERY", "--shipment", number)
        newest, *_ = (await shop.get("/events")).json()
        assert newest["ref"] == "shipments/in_delivery/OUT_FOR_DELIVERY"
        told = json.loads(await terminal.run("events", "trigger", "OUT_FOR_DELIVERY", "--shipment", number, "--json"))
        assert told["origin"] == "api"

    async def test_what_is_none(self, shop: ShopClient, terminal: Terminal) -> None:
        await shop.put("/orders", sample("order_upsert.request.headless"))
        assert "shipment_not_found" in await terminal.refused("events", "trigger", "DELIVERED", "--shipment", "0815")


class TestReplay:
    async def test_what_was_sent_is_sent_again(
        self, karla: Karla, shop: ShopClient, terminal: Terminal, receiver: Receiver
    ) -> None:
        webhook = (await shop.post("/webhooks", {"url": receiver.url})).json()["uuid"]
        event_id = await happened(karla, shop)
        await karla.drain()
        replay = ("webhooks", "replay", webhook)
        assert await terminal.run(*replay) == "Nothing fits, so nothing is sent.\n"
        assert await terminal.run(*replay, "--all", "--dry-run") == "1 delivery would be sent again.\n"
        assert "1 delivery on the way" in await terminal.run(
            *replay, "--all", "--events", "shipments", "--since", "2020-01-01", "--until", "2199-01-01T00:00:00Z"
        )
        await karla.drain()
        delivery, *_ = (await shop.get(f"/webhooks/{webhook}/deliveries")).json()
        assert "OUT_FOR_DELIVERY is on its way again" in await terminal.run(*replay, "--delivery", delivery["uuid"])
        await karla.drain()
        assert [one.event_id for one in receiver.journal] == [event_id] * 3

    async def test_what_was_delivered_or_never_sent(
        self, karla: Karla, shop: ShopClient, terminal: Terminal, receiver: Receiver
    ) -> None:
        missed = await happened(karla, shop)
        await karla.drain()
        webhook = (await shop.post("/webhooks", {"url": receiver.url})).json()["uuid"]
        got = await happened(karla, shop)
        await karla.drain()
        replay = ("webhooks", "replay", webhook, "--json")
        for status, count in (("delivered", 1), ("cancelled", 0), ("failed", 0), ("all", 1)):
            counted = json.loads(await terminal.run(*replay, "--status", status, "--dry-run"))
            assert counted == {"replay_id": None, "deliveries": count, "more": False, "dry_run": True}
        made = json.loads(await terminal.run(*replay, "--source", "journal", "--since", "2020-01-01"))
        assert (made["deliveries"], made["dry_run"]) == (1, False)
        await karla.drain()
        assert [one.event_id for one in receiver.journal] == [got, missed]
        assert receiver.journal[1].headers["karla-replay"] == made["replay_id"]
        delivery = (await shop.get(f"/webhooks/{webhook}/deliveries")).json()[0]["uuid"]
        again = json.loads(await terminal.run(*replay, "--delivery", delivery))
        assert (again["status"], again["webhook_uuid"]) == ("pending", webhook)

    async def test_refusals(self, terminal: Terminal, shop: ShopClient) -> None:
        assert "webhook_not_found" in await terminal.refused("webhooks", "replay", NOBODY)
        for words in (
            ("--status", "all", "--failed"),
            ("--status", "nope"),
            ("--delivery", NOBODY, "--source", "journal"),
        ):
            assert words[0] in await terminal.refused("webhooks", "replay", NOBODY, *words)
        webhook = (await shop.post("/webhooks", {"url": "https://hooks.shop.example/karla"})).json()["uuid"]
        assert "since" in await terminal.refused("webhooks", "replay", webhook, "--source", "journal")
        assert "--delivery" in await terminal.refused("webhooks", "replay", NOBODY, "--all", "--delivery", NOBODY)

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("nope",), "'nope' is no uuid; `karla webhooks list` tells them."),
            ((NOBODY, "--delivery", "nope"), "'--delivery': 'nope' is no uuid, such as "),
            ((NOBODY, "--since", "yesterday"), "'--since': 'yesterday' is no time. Give one such as 2026-03-16, "),
            ((NOBODY, "--until", "2026-02-30"), "'--until': '2026-02-30' is no time."),
        ],
    )
    async def test_words_that_do_not_fit(self, terminal: Terminal, words: tuple[str, ...], told: str) -> None:
        said = await terminal.refused("webhooks", "replay", *words)
        assert told in said
        assert "%Y" not in said
        assert said.count("\n") == 1


async def test_webhooks_are_listed(shop: ShopClient, terminal: Terminal) -> None:
    assert await terminal.run("webhooks", "list") == "The shop has no webhooks.\n"
    made = (await shop.post("/webhooks", {"url": "https://hooks.shop.example/karla"})).json()
    shown = await terminal.run("webhooks", "list")
    for text in (made["uuid"], made["url"], "healthy"):
        assert text in shown
    assert made["uuid"] in await terminal.run("webhooks", "list", COLUMNS="80")
    (told,) = json.loads(await terminal.run("webhooks", "list", "--json"))
    assert (told["uuid"], told["secret"]) == (made["uuid"], None)


async def test_who_has_no_key_is_told_how_to_make_one(terminal: Terminal) -> None:
    told = await terminal.refused("webhooks", "list", KARLA_API_KEY="")
    assert "karla key create --org ORGANISATION --shop" in told
    assert "--shop" in await terminal.refused("events", "tail", KARLA_SHOP="")
    assert "--api-url" in await terminal.refused("webhooks", "list", "--api-url", "nowhere")
    assert "credentials_invalid" in await terminal.refused("events", "tail", "--key", "karla_wrong")


async def test_what_the_api_refuses_is_told(terminal: Terminal, shop: ShopClient) -> None:
    order = (await shop.put("/orders", sample("order_upsert.request.headless"))).json()
    shipment = order["trackings"][0]["id"]
    told = await terminal.refused("events", "trigger", "OUT_FOR_DELIVERI", "--shipment", shipment)
    assert "did you mean OUT_FOR_DELIVERY?" in told


async def line_while(
    karla: Karla, shop: ShopClient, output: asyncio.StreamReader, name: str = "OUT_FOR_DELIVERY"
) -> str:
    """The first line that holds `name`, which happens until the stream has begun and shows it."""
    reading = asyncio.create_task(line_with(output, name))
    while not reading.done():
        await happened(karla, shop, name)
        await asyncio.wait([reading], timeout=0.2)
    return await reading


async def line_after_event(karla: Karla, shop: ShopClient, output: asyncio.StreamReader) -> str:
    """The id of an event that was forwarded."""
    await line_while(karla, shop, output, "SUCCESSFULLY_DELIVERED")
    event_id = await happened(karla, shop)
    await line_with(output, "OUT_FOR_DELIVERY")
    return event_id
