"""What the clients do about answers that pass, and about none, by a stand-in that misbehaves on demand."""

import contextlib
import pickle
from typing import Any
from uuid import UUID

import pytest

from karla.client import ApiError, ConnectionFailed, NotFound, RateLimited, Unavailable, Unreadable
from karla.client.errors import Fault
from karla.client.retries import Retries
from tests.client.conftest import Caller, Open
from tests.client.scripted import HANGS, RESET, HeldTime, Reply, answer, error, scripted

GONE = Reply(204, b"")
ANALYTICS = answer({"source": "news"})


def put(client: Any) -> Any:
    return client.orders.set_analytics("1", {"source": "news"})


def opened(open_client: Open, url: str, time: HeldTime, chance: float = 1.0, **options: Any) -> Caller:
    return open_client(url, shop="shop", retries=time.retries(chance, **options))


PASSING = [RESET, *(error(status, "busy") for status in (408, 425, 429, 500, 502, 503, 504))]


@pytest.mark.parametrize("first", PASSING, ids=lambda reply: str(reply.status or "reset"))
async def test_what_passes_is_tried_again(open_client: Open, first: Reply) -> None:
    time = HeldTime()
    with scripted(first, ANALYTICS) as api:
        assert await opened(open_client, api.url, time)(put) == {"source": "news"}
    assert [seen.method for seen in api.seen] == ["PUT", "PUT"]
    assert time.waits == [0.5]


async def test_an_answer_that_takes_too_long_is_none(open_client: Open) -> None:
    time = HeldTime()
    with scripted(HANGS) as api, pytest.raises(ConnectionFailed, match="2 attempts: ReadTimeout"):
        await open_client(api.url, shop="shop", timeout=0.2, retries=time.retries(attempts=2))(put)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501, 301])
async def test_what_does_not_pass_is_told_at_once(open_client: Open, status: int) -> None:
    time = HeldTime()
    with scripted(error(status, "no")) as api, pytest.raises(ApiError) as caught:
        await opened(open_client, api.url, time)(put)
    assert (caught.value.status, caught.value.key, len(api.seen), time.waits) == (status, "no", 1, [])


async def test_waits_double_up_to_the_longest_and_attempts_end(open_client: Open) -> None:
    time = HeldTime()
    with scripted(error(503, "database_unavailable")) as api, pytest.raises(Unavailable) as caught:
        await opened(open_client, api.url, time, attempts=6, longest=3.0)(put)
    assert time.waits == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert len(api.seen) == 6
    assert caught.value.key == "database_unavailable"


async def test_jitter_takes_any_part_of_a_wait(open_client: Open) -> None:
    time = HeldTime()
    with scripted(error(503, "busy"), error(503, "busy"), ANALYTICS) as api:
        await opened(open_client, api.url, time, chance=0.25)(put)
    assert time.waits == [0.125, 0.25]


async def test_retry_after_is_kept(open_client: Open) -> None:
    time = HeldTime()
    date = "Mon, 16 Mar 2026 12:00:00 GMT"
    later = error(503, "busy", Retry_After="Mon, 16 Mar 2026 12:00:09 GMT", Date=date)
    with scripted(error(429, "rate_limited", Retry_After="7"), later, ANALYTICS) as api:
        await opened(open_client, api.url, time, chance=0.0)(put)
    assert time.waits[0] == 7.0
    assert time.waits[1] == pytest.approx(9.0)


async def test_a_wait_beyond_the_deadline_is_not_begun(open_client: Open) -> None:
    time = HeldTime()
    with scripted(error(429, "rate_limited", Retry_After="120")) as api, pytest.raises(RateLimited) as caught:
        await opened(open_client, api.url, time, deadline=60.0)(put)
    assert (caught.value.retry_after, len(api.seen), time.waits) == (120.0, 1, [])


async def test_the_deadline_holds_over_all_attempts(open_client: Open) -> None:
    time = HeldTime()
    with scripted(error(503, "busy")) as api, pytest.raises(Unavailable):
        await opened(open_client, api.url, time, attempts=100, longest=10.0, deadline=30.0)(put)
    assert sum(time.waits) < 30.0
    assert len(api.seen) == len(time.waits) + 1


async def test_no_answer_at_all_is_told_with_its_reason(open_client: Open) -> None:
    time = HeldTime()
    with scripted(RESET) as api, pytest.raises(ConnectionFailed) as caught:
        await opened(open_client, api.url, time, attempts=3)(put)
    assert len(api.seen) == 3
    where = api.url.removeprefix("http://")
    assert where.startswith("127.0.0.1:")
    assert str(caught.value).startswith(f"v1OrdersAnalyticsUpsert: no answer from {where}, 3 attempts: ")
    with pytest.raises(ConnectionFailed, match="ConnectError"):
        await opened(open_client, api.url, time, attempts=1)(put)  # nobody listens there any more


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://karla.invalid", "karla.invalid:80"),
        ("https://karla.invalid/karla", "karla.invalid:443"),
        ("https://karla.invalid:8443", "karla.invalid:8443"),
        ("http://[::1]:1", "[::1]:1"),
    ],
)
async def test_no_answer_names_the_port_that_was_tried(open_client: Open, url: str, place: str) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        await opened(open_client, url, HeldTime(), attempts=1)(put)
    assert f"no answer from {place}: ConnectError" in str(caught.value)


async def test_every_post_has_a_key_that_its_repeats_keep(open_client: Open) -> None:
    time = HeldTime()

    def revoke(client: Any) -> Any:
        return client.webhooks.replay("w", dry_run=True)

    counted = answer({"replay_id": None, "deliveries": 3, "more": False, "dry_run": True})
    with scripted(RESET, error(503, "busy"), counted) as api:
        client = opened(open_client, api.url, time)
        assert (await client(revoke)).deliveries == 3
        await client(revoke)
        await client(lambda c: c.webhooks.replay("w", idempotency_key="mine"))
    keys = [seen.headers["idempotency-key"] for seen in api.seen]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert UUID(keys[0]).version == UUID(keys[3]).version == 4
    assert keys[4] == "mine"


async def test_only_posts_have_such_a_key(open_client: Open) -> None:
    with scripted(ANALYTICS) as api:
        await opened(open_client, api.url, HeldTime())(put)
    assert "idempotency-key" not in api.seen[0].headers


async def test_a_post_that_is_still_running_is_waited_for(open_client: Open) -> None:
    time = HeldTime()
    counted = answer({"replay_id": None, "deliveries": 3, "more": False, "dry_run": False})
    with scripted(RESET, error(409, "idempotency_in_progress"), counted) as api:
        assert (await opened(open_client, api.url, time)(lambda c: c.webhooks.replay("w"))).deliveries == 3
    assert len(api.seen) == 3


async def test_what_an_unanswered_delete_deleted_is_deleted(open_client: Open) -> None:
    time = HeldTime()
    with scripted(RESET, error(404, "webhook_not_found")) as api:
        assert await opened(open_client, api.url, time)(lambda c: c.webhooks.delete("w")) is None
    with scripted(error(404, "webhook_not_found")) as api, pytest.raises(NotFound):
        await opened(open_client, api.url, time)(lambda c: c.webhooks.delete("w"))
    with scripted(GONE) as api:
        assert await opened(open_client, api.url, time)(lambda c: c.webhooks.delete("w")) is None


async def test_an_answer_that_is_no_karlas_says_so(open_client: Open) -> None:
    page = Reply(200, b"<html>Log in</html>", {"Content-Type": "text/html"})
    with scripted(page) as api, pytest.raises(Unreadable, match=r"200 answer_unreadable: The answer \(text/html\)"):
        await opened(open_client, api.url, HeldTime())(put)
    with scripted(Reply(502, b"<html>Bad gateway</html>")) as api, pytest.raises(Unavailable) as caught:
        await opened(open_client, api.url, HeldTime(), attempts=1)(put)
    assert str(caught.value) == "v1OrdersAnalyticsUpsert: 502 http_502: Bad Gateway"


async def test_a_newer_karla_is_no_fault(open_client: Open) -> None:
    newer = answer(
        {"replay_id": None, "deliveries": 3, "more": False, "dry_run": False, "began_at": "2030-01-01T00:00:00+00:00"}
    )
    with scripted(newer) as api:
        assert (await opened(open_client, api.url, HeldTime())(lambda c: c.webhooks.replay("w"))).deliveries == 3


async def test_calls_name_shop_language_and_who_calls(open_client: Open) -> None:
    with scripted(ANALYTICS) as api:
        client = opened(open_client, f"{api.url}/karla/v1/", HeldTime())
        await client(lambda c: put(c.with_options(language="de")))
        await client(lambda c: put(c.with_options(shop="other/1")))
    german, other = api.seen
    assert (german.path, german.headers["accept-language"]) == ("/karla/v1/shops/shop/orders/1/analytics", "de")
    assert (other.path, "accept-language" in other.headers) == ("/karla/v1/shops/other%2F1/orders/1/analytics", False)
    assert german.headers["user-agent"].startswith("karla-python/")
    assert german.body == b'{"source":"news"}'


def test_errors_survive_a_queue() -> None:
    faults = [Fault(["body", 0], "Field required", "missing")]
    fault = ApiError(422, "request_invalid", "Wrong.", faults, "req-1", "v1OrdersGet")
    assert str(pickle.loads(pickle.dumps(fault))) == str(fault)  # noqa: S301


async def test_without_retries_there_are_none(open_client: Open) -> None:
    with scripted(RESET, ANALYTICS) as api, contextlib.suppress(ConnectionFailed):
        await open_client(api.url, shop="shop", retries=Retries(attempts=1))(put)
    assert len(api.seen) == 1
