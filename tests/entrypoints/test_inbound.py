"""What AfterShip and 17TRACK push, as their stand-ins sign it: verified, kept, read once, and never anybody else's."""

import asyncio
import itertools
import re
import shlex
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from karla.entrypoints.api import app as api
from karla.entrypoints.inbound.carriers import MOST_BYTES
from karla.infra import bell
from karla.infra.access import scope_of
from karla.infra.bell import Bell
from karla.infra.http.standin import Reply, Server
from karla.infra.rate_limit import RateLimit
from karla.infra.settings import Settings
from karla.infra.telemetry import REGISTRY
from karla.integrations import registry
from karla.integrations.carriers.aftership import signing as aftership_signing
from karla.integrations.carriers.aftership import standin as aftership_standin
from karla.integrations.carriers.seventeentrack import signing as seventeentrack_signing
from karla.integrations.carriers.seventeentrack import standin as seventeentrack_standin
from karla.integrations.contract import Kind
from karla.integrations.standins import PushingStandIn, serving
from tests.support.clocks import StandingClock
from tests.support.connections import DHL, connect_dhl
from tests.support.karla import Karla, ShopClient
from tests.support.serving import served

PROVIDERS = ("aftership", "seventeentrack")
NUMBER, OTHER = "KRLPUSH00000001", "KRLPUSH00000002"
GUIDE = (Path(__file__).resolve().parents[2] / "docs/guides/carriers/pushes.md").read_text(encoding="utf-8")
CALLS = [call for call in re.findall(r"^```sh\n(.*?)\n```", GUIDE, re.DOTALL | re.MULTILINE) if "/inbound/" in call]
SIGN: dict[str, Callable[[bytes], dict[str, str]]] = {
    "aftership": lambda body: {
        aftership_signing.HEADER: aftership_signing.signature(aftership_standin.SECRET, body),
    },
    "seventeentrack": lambda body: {
        seventeentrack_signing.HEADER: seventeentrack_signing.signature(seventeentrack_standin.KEY, body),
    },
}


class Account:
    """A shop that is connected with a provider as its stand-in plays it."""

    def __init__(self, karla: Karla, shop: ShopClient, slug: str, standin: PushingStandIn, server: Server) -> None:
        self.karla = karla
        self.shop = shop
        self.slug = slug
        self.standin = standin
        self.server = server
        self.path = f"/inbound/carriers/{slug}/{shop.slug}"

    async def connect(self, **credentials: str) -> dict[str, Any]:
        whole = self.standin.credentials(self.server.url) | credentials
        answer = await self.shop.put(f"/connections/carriers/{self.slug}", {"credentials": whole})
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    async def ship(self, number: str = NUMBER, order: str = "1", carrier: str = "dhl") -> None:
        """An order with a parcel, of which the provider knows that it is announced."""
        self.standin.recordings.play(number, "announced.json")
        body = {
            "id": order,
            "order": {"order_number": order, "address": {"country_code": "DE", "zip_code": "10115"}},
            "trackings": [{"tracking_number": number, "carrier_reference": carrier}],
        }
        answer = await self.shop.put("/orders", body)
        assert answer.status_code == 200, answer.text

    async def follow(self) -> None:
        """The parcels that are there are followed, and were asked about."""
        await self.karla.drain()

    def news(self, recording: str = "out_for_delivery.json", number: str = NUMBER) -> tuple[dict[str, str], bytes]:
        """The push about what a recording tells."""
        self.standin.recordings.play(number, recording)
        headers, body = self.standin.push(number)
        return dict(headers), body

    async def send(self, push: tuple[dict[str, str], bytes], **headers: str) -> httpx.Response:
        return await self.karla.http.post(self.path, content=push[1], headers={**push[0], **headers})

    async def pushed(self, recording: str = "out_for_delivery.json", number: str = NUMBER) -> dict[str, int]:
        answer = await self.send(self.news(recording, number))
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def events(self, order: str = "1") -> list[str]:
        """What the carrier did by the timeline, once the belt has run; neither its promises nor the order's label."""
        await self.karla.drain()
        (parcel,) = (await self.shop.get(f"/orders/{order}")).json()["trackings"]
        names = [event["event_key"] for event in parcel["events"]]
        return [name for name in names if name not in ("ESTIMATED_DELIVERY_UPDATED", "SHIPPING_LABEL_CREATED")]

    async def value(self, statement: str) -> Any:
        """Of a statement about the shop, which is `$1`."""
        scope = scope_of([self.shop.shop.id])
        async with self.karla.services.db.read(scope) as connection:
            return await connection.fetchval(statement, self.shop.shop.id)

    async def answers(self) -> int:
        """How often anything was kept of what the provider told."""
        return int(await self.value("select count(*) from provider_answers where shop_id = $1"))

    async def due(self) -> datetime:
        """When the carrier is asked next."""
        due: datetime = await self.value("select min(due_at) from followed_parcels where shop_id = $1")
        return due


@asynccontextmanager
async def connected(karla: Karla, slug: str) -> AsyncIterator[Account]:
    standin = registry.standin(Kind.CARRIERS, slug)
    assert isinstance(standin, PushingStandIn)
    server = serving(standin)
    await server.up()
    account = Account(karla, await karla.shop(), slug, standin, server)
    await account.connect()
    yield account
    await account.shop.delete(f"/connections/carriers/{slug}")
    await karla.drain()
    await server.close()


@pytest_asyncio.fixture(params=PROVIDERS)
async def account(request: pytest.FixtureRequest, karla: Karla) -> AsyncIterator[Account]:
    async with connected(karla, request.param) as made:
        yield made


@pytest_asyncio.fixture
async def aftership(karla: Karla) -> AsyncIterator[Account]:
    async with connected(karla, "aftership") as made:
        yield made


def counted(account: Account, outcome: str) -> float:
    labels = {"provider": account.slug, "outcome": outcome}
    return REGISTRY.get_sample_value("karla_inbound_pushes_total", labels) or 0.0


# What is pushed becomes an event


async def test_a_push_is_an_event_and_nobody_is_asked(account: Account) -> None:
    await account.ship()
    await account.follow()
    assert await account.events() == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER"]
    asked, before = len(account.server.journal), counted(account, "taken")
    assert await account.pushed() == {"received": 1, "taken": 1, "unknown": 0}
    assert counted(account, "taken") == before + 1
    assert "OUT_FOR_DELIVERY" in await account.events()
    parcel = (await account.shop.get(f"/shipments/{NUMBER}")).json()
    assert parcel["phase"] == "in_delivery"
    assert len(account.server.journal) == asked
    assert await account.answers() == 2


async def test_the_next_question_waits_as_long_as_after_an_answer(account: Account) -> None:
    await account.ship()
    await account.follow()
    before = await account.due()
    assert await account.pushed("announced.json") == {"received": 1, "taken": 0, "unknown": 0}
    assert await account.due() == before
    await account.pushed("transit.json")
    assert await account.due() > before


async def test_the_worker_hears_of_it_at_once(account: Account, database_url: str) -> None:
    await account.ship()
    await account.follow()
    heard = asyncio.Event()
    listening = Bell(database_url)
    listening.on(bell.TRACKING, heard.set)
    await listening.start()
    heard.clear()
    await account.pushed()
    async with asyncio.timeout(5):
        await heard.wait()
    await listening.stop()


async def test_twice_is_once_also_after_newer_ones(account: Account) -> None:
    await account.ship()
    await account.follow()
    first = account.news("transit.json")
    assert (await account.send(first)).json()["taken"] == 1
    assert (await account.send(first)).json() == {"received": 1, "taken": 0, "unknown": 0}
    assert await account.pushed() == {"received": 1, "taken": 1, "unknown": 0}
    once = await account.events()
    unchanged = counted(account, "unchanged")
    assert (await account.send(first)).json() == {"received": 1, "taken": 0, "unknown": 0}
    assert counted(account, "unchanged") == unchanged + 1
    assert await account.events() == once
    assert once.count("OUT_FOR_DELIVERY") == 1
    assert await account.answers() == 3


async def test_two_at_once_are_one(account: Account) -> None:
    await account.ship()
    await account.follow()
    push = account.news()
    sent = await asyncio.gather(*(account.send(push) for _ in range(5)))
    assert sorted(answer.json()["taken"] for answer in sent) == [0, 0, 0, 0, 1]
    assert await account.answers() == 2


async def test_every_shipment_that_shares_the_number_gets_it(account: Account) -> None:
    await account.ship(order="1")
    await account.ship(order="2")
    await account.follow()
    assert await account.pushed() == {"received": 1, "taken": 1, "unknown": 0}
    for order in ("1", "2"):
        assert "OUT_FOR_DELIVERY" in await account.events(order)


async def test_a_number_in_other_letters_is_the_same(account: Account) -> None:
    await account.ship(NUMBER.lower())
    await account.follow()
    assert (await account.pushed())["taken"] == 1


async def test_the_carrier_that_the_provider_names_is_the_parcels(account: Account) -> None:
    await account.ship(order="1", carrier="gls")
    await account.ship(order="2", carrier="dhl")
    await account.follow()
    assert await account.pushed() == {"received": 1, "taken": 1, "unknown": 0}
    assert "OUT_FOR_DELIVERY" in await account.events("2")
    assert "OUT_FOR_DELIVERY" not in await account.events("1")


# What isn't the shop's


async def test_a_parcel_that_nobody_follows_is_counted_and_forgotten(account: Account) -> None:
    await account.ship()
    await account.follow()
    before = counted(account, "unknown")
    with capture_logs() as logs:
        assert await account.pushed(number=OTHER) == {"received": 1, "taken": 0, "unknown": 1}
    assert counted(account, "unknown") == before + 1
    (told,) = [line for line in logs if line["event"] == "pushed parcels that nobody follows"]
    assert (told["provider"], told["shop"], told["parcels"]) == (account.slug, account.shop.slug, 1)
    assert await account.answers() == 1


async def test_another_shops_parcel_of_the_same_number_never_gets_it(account: Account, karla: Karla) -> None:
    async with connected(karla, account.slug) as other:
        await account.ship()
        await other.ship()
        await account.follow()
        assert await account.pushed() == {"received": 1, "taken": 1, "unknown": 0}
        assert "OUT_FOR_DELIVERY" in await account.events()
        assert await other.events() == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER"]
        assert await other.answers() == 1


async def test_a_parcel_of_another_account_of_the_shop_is_not_this_ones(aftership: Account) -> None:
    """Both track any carrier; the one that was there first follows the parcel."""
    await aftership.ship()
    await aftership.follow()
    standin = seventeentrack_standin.StandIn()
    server = serving(standin)
    await server.up()
    second = Account(aftership.karla, aftership.shop, "seventeentrack", standin, server)
    await second.connect()
    assert await second.pushed() == {"received": 1, "taken": 0, "unknown": 1}
    await second.shop.delete("/connections/carriers/seventeentrack")
    await server.close()


# Who isn't believed


async def test_without_the_providers_signature_nothing_is_kept(account: Account) -> None:
    await account.ship()
    await account.follow()
    headers, body = account.news()
    signed = next(iter(SIGN[account.slug](b"")))
    before = counted(account, "signature_invalid")
    for wrong in (
        ({}, body),
        (headers | {signed: headers[signed][:-3]}, body),
        (SIGN[account.slug](body + b" "), body),
        (headers, body + b" "),
        (headers, b""),
    ):
        answer = await account.send(wrong)
        assert (answer.status_code, answer.json()["key"]) == (401, "signature_invalid")
    assert counted(account, "signature_invalid") == before + 5
    assert await account.events() == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER"]
    assert await account.answers() == 1


async def test_another_accounts_secret_is_none(aftership: Account) -> None:
    await aftership.connect(webhook_secret="another-secret-of-an-account")
    assert (await aftership.send(aftership.news())).status_code == 401
    await aftership.connect()
    assert (await aftership.send(aftership.news())).status_code == 202


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b"\xff\xfe", b'{"event":1}', b'{"event":"x","msg":{},"data":{}}', b"[" * 99_999],
)
async def test_what_is_of_another_form_is_told_so(account: Account, body: bytes) -> None:
    answer = await account.send((SIGN[account.slug](body), body))
    assert (answer.status_code, answer.json()["key"]) == (422, "push_invalid")
    assert [(fault["loc"], fault["type"]) for fault in answer.json()["errors"]] == [(["body"], "push_invalid")]
    assert await account.answers() == 0


@pytest.mark.parametrize("number", ["", " ", "a\0b", "x" * 100_000, "'; drop table shops; --"])
async def test_a_number_that_is_none_is_nobodys(account: Account, number: str) -> None:
    told: dict[str, Any] = {
        "aftership": {"event": "tracking_update", "msg": {"tracking_number": number}},
        "seventeentrack": {"event": "TRACKING_UPDATED", "data": {"number": number, "track_info": {}}},
    }
    body = msgspec.json.encode(told[account.slug])
    answer = await account.send((SIGN[account.slug](body), body))
    assert (answer.status_code, answer.json()) == (202, {"received": 1, "taken": 0, "unknown": 1})


async def test_the_end_of_tracking_is_no_news(karla: Karla) -> None:
    async with connected(karla, "seventeentrack") as account:
        body = b'{"event":"TRACKING_STOPPED","data":{"number":"KRLPUSH00000001","carrier":7041}}'
        answer = await account.send((SIGN["seventeentrack"](body), body))
        assert (answer.status_code, answer.json()) == (202, {"received": 0, "taken": 0, "unknown": 0})


async def test_a_body_that_is_too_large_is_refused_with_and_without_its_length(account: Account) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MOST_BYTES // 65_536 + 1):
            yield b" " * 65_536

    before = counted(account, "body_too_large")
    whole = await account.send((SIGN[account.slug](b" " * (MOST_BYTES + 1)), b" " * (MOST_BYTES + 1)))
    in_pieces = await account.karla.http.post(account.path, content=pieces())
    for answer in (whole, in_pieces):
        assert (answer.status_code, answer.json()["key"]) == (413, "body_too_large")
    assert counted(account, "body_too_large") == before + 2
    fits = b" " * MOST_BYTES
    assert (await account.send((SIGN[account.slug](fits), fits))).status_code == 422


async def test_a_stranger_can_not_have_signatures_verified_without_end(account: Account) -> None:
    clock = StandingClock()
    services = msgspec.structs.replace(account.karla.services, key_limit=RateLimit(2, clock))
    transport = httpx.ASGITransport(app=api.with_services(services), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://karla.test") as http:
        for status in (401, 401, 429):
            answer = await http.post(account.path, content=b"{}")
            assert answer.status_code == status
        assert (answer.json()["key"], answer.headers["retry-after"]) == ("rate_limited", "30")
        other = {"aftership": "seventeentrack", "seventeentrack": "aftership"}[account.slug]
        assert (await http.post(account.path.replace(account.slug, other), content=b"{}")).status_code == 404


# What nobody learns


async def test_whatever_is_missing_is_not_found_in_the_same_words(karla: Karla, aftership: Account) -> None:
    shop, path = aftership.shop, aftership.path
    nobodys = await karla.shop()
    await connect_dhl(karla, shop)
    push = aftership.news()
    headers = {**push[0], "X-Request-Id": "the-same-request"}

    async def missing(address: str) -> tuple[int, bytes, dict[str, str]]:
        answer = await karla.http.post(address, content=push[1], headers=headers)
        return answer.status_code, answer.content, dict(answer.headers)

    found = [
        await missing("/inbound/carriers/aftership/no-such-shop"),
        await missing("/inbound/carriers/aftership/a%00b"),
        await missing(f"/inbound/carriers/no_such_provider/{shop.slug}"),
        await missing(f"/inbound/carriers/dhl/{shop.slug}"),
        await missing(f"/inbound/carriers/seventeentrack/{shop.slug}"),
        await missing(f"/inbound/carriers/aftership/{nobodys.slug}"),
        await missing("/inbound/carriers/no_such_provider/no-such-shop"),
    ]
    await shop.patch("/connections/carriers/aftership", {"paused": True})
    found.append(await missing(path))
    await shop.patch("/connections/carriers/aftership", {"paused": False})
    aftership.server.answer(Reply.json({"meta": {"code": 401, "message": "The API key is invalid."}}, 401))
    assert (await shop.post("/connections/carriers/aftership/test")).json()["connection"]["status"] == "refused"
    found.append(await missing(path))
    assert (await shop.post("/connections/carriers/aftership/test")).json()["connection"]["status"] == "active"
    assert found[0][0] == 404
    assert [one for one in found if one != found[0]] == []
    assert (await karla.http.post(path, content=push[1], headers=headers)).status_code == 202
    await shop.delete(DHL)


async def test_no_log_has_anything_of_a_push(account: Account) -> None:
    await account.ship()
    await account.follow()
    headers, body = account.news()
    with capture_logs() as logs:
        await account.send((headers, body))
        await account.send((headers, body + b" "))
        await account.send(account.news(number=OTHER))
        await account.karla.drain()
    written = repr(logs)
    assert "request" in [line["event"] for line in logs]
    for hidden in (NUMBER, OTHER, "Out for delivery", *SIGN[account.slug](body).values()):
        assert hidden not in written


async def test_it_is_no_call_of_the_api(account: Account) -> None:
    """A browser's page may not read it, no key opens it, no Idempotency-Key holds it, and no document has it."""
    await account.ship()
    await account.follow()
    push = account.news()
    keyed = {"Idempotency-Key": "the-same", "Origin": "https://elsewhere.example", **account.shop.headers}
    first, second = [await account.send(push, **keyed) for _ in range(2)]
    assert (first.json()["taken"], second.json()["taken"]) == (1, 0)
    for answer in (first, second):
        assert "idempotent-replayed" not in answer.headers
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert (await account.karla.http.get(account.path)).status_code == 405
    document = (await account.karla.http.get("/public/openapi.json")).json()
    assert not [path for path in document["paths"] if path.startswith("/inbound")]


# What a merchant is shown


async def test_the_address_to_enter_at_the_provider_is_shown_and_is_the_right_one(account: Account) -> None:
    told = (await account.shop.get(f"/connections/carriers/{account.slug}")).json()
    assert told["push_url"] == f"http://karla.test{account.path}"
    about = (await account.shop.get(f"/v1/integrations/carriers/{account.slug}")).json()
    assert about["push_url"].replace("{slug}", account.shop.slug) == told["push_url"]
    assert f"/inbound/carriers/{account.slug}/" in about["setup"]
    headers, body = account.news()
    assert (await account.karla.http.post(told["push_url"], content=body, headers=headers)).status_code == 202
    assert (await account.shop.get("/v1/integrations/carriers/dhl")).json()["push_url"] is None


async def test_the_calls_of_the_guide_are_taken(karla: Karla) -> None:
    assert len(CALLS) == len(PROVIDERS)
    for slug, number, call in zip(PROVIDERS, ("KRLAS000000099", "KRLST000000099"), CALLS, strict=True):
        async with connected(karla, slug) as account:
            await account.ship(number)
            await account.follow()
            words = shlex.split(
                call.replace("$KARLA_API_URL", "http://karla.test").replace("$KARLA_SHOP", account.shop.slug)
            )
            (url,) = (word for word in words if word.startswith("http"))
            headers = dict(value.split(": ", 1) for option, value in itertools.pairwise(words) if option == "-H")
            answer = await karla.http.post(url, content=words[words.index("-d") + 1].encode(), headers=headers)
            assert (answer.status_code, answer.json()) == (202, {"received": 1, "taken": 1, "unknown": 0})
            assert "OUT_FOR_DELIVERY" in await account.events()


@pytest.fixture(scope="module")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    with served(settings, database_url) as url:
        yield url


async def typed(*arguments: str) -> tuple[int, str]:
    """The exit code of `karla standin`, and all that is printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "karla", "standin", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def test_the_stand_in_pushes_at_the_terminal(aftership: Account, address: str) -> None:
    number = "KRLAS000000003"
    await aftership.ship(number)
    await aftership.follow()
    code, printed = await typed("aftership", "--push-to", address + aftership.path, "--number", number)
    assert (code, printed) == (0, '202 {"received":1,"taken":1,"unknown":0}\n')
    assert "OUT_FOR_DELIVERY" in await aftership.events()
    code, printed = await typed("aftership", "--push-to", f"{address}/inbound/carriers/x/y", "--number", number)
    assert code == 1
    assert printed.startswith("404 ")
    code, printed = await typed("aftership", "--push-to", "http://127.0.0.1:9/x", "--number", number)
    assert (code, printed) == (1, "Nothing was pushed: connect\n")
    assert (await typed("aftership", "--push-to", address))[0] == 2
