"""`https://track.lamp.example/` is the page of the shop that has pointed it here, and of no other."""

from datetime import timedelta

import httpx

from tests.storefront.world import TOKEN, World

DOMAIN = "track.lamp.example"


async def at(world: World, path: str, host: str = DOMAIN, **query: str) -> httpx.Response:
    world.api.hosts = {DOMAIN: "lamps", "track.other.example": "others"}
    headers = {"Host": host, "Accept-Language": "en-GB"}
    return await world.http.get(path, params=query or None, headers=headers)


async def test_the_domain_shows_the_shops_finder(world: World) -> None:
    page = await at(world, "/")
    assert page.status_code == 200
    assert "Lamp Shop" in page.text
    assert 'action="/"' in page.text


async def test_the_order_stays_on_the_domain(world: World) -> None:
    page = await at(world, "/", orderNumber="1001", token=TOKEN)
    assert "Your order is on its way" in page.text
    assert 'action="/cancel"' in page.text
    assert f'href="/delivery.ics?orderNumber=1001&amp;token={TOKEN}&amp;parcel=1"' in page.text
    assert 'href="/track/assets/page.css?v=' in page.text
    assert "/track/lamps" not in page.text
    event = await at(world, "/delivery.ics", orderNumber="1001", token=TOKEN)
    assert event.text.startswith("BEGIN:VCALENDAR")


async def test_a_form_leads_back_to_the_domain(world: World) -> None:
    await at(world, "/")
    form = {"orderNumber": "1001", "token": TOKEN}
    answer = await world.http.post("/cancel", data=form, headers={"Host": DOMAIN})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/?orderNumber=1001&token={TOKEN}&done=cancelled"


async def test_case_port_and_final_dot_of_a_host_mean_nothing(world: World) -> None:
    for host in ("Track.Lamp.Example", f"{DOMAIN}:8443", f"{DOMAIN}."):
        assert (await at(world, "/", host)).status_code == 200


async def test_the_page_by_its_usual_path_and_its_files_are_there_too(world: World) -> None:
    assert (await at(world, "/track/lamps")).status_code == 200
    assert (await at(world, "/track/assets/page.css")).status_code == 200


async def test_another_shops_page_is_not_there(world: World) -> None:
    assert (await at(world, "/track/others")).status_code == 404
    assert (await at(world, "/track/lamps", "track.other.example")).status_code == 404


async def test_a_host_of_nobodys_leads_nowhere_else(world: World) -> None:
    assert (await at(world, "/", "stranger.example")).status_code == 404


async def test_addresses_and_single_names_are_not_asked_for(world: World) -> None:
    for host in ("127.0.0.1:8080", "localhost", "karla.example", "[::1]:8080"):
        await at(world, "/", host)
    assert world.api.journal == []


async def test_what_a_host_is_is_remembered_for_a_minute(world: World) -> None:
    for host in (DOMAIN, "stranger.example"):
        for _ in range(3):
            await at(world, "/", host)
    assert asked(world) == [DOMAIN, "stranger.example"]
    world.clock.advance(timedelta(seconds=61))
    await at(world, "/")
    assert asked(world) == [DOMAIN, "stranger.example", DOMAIN]


async def test_a_known_domain_outlives_an_outage(world: World) -> None:
    await at(world, "/")
    world.clock.advance(timedelta(minutes=5))
    world.api.is_down = True
    page = await at(world, "/")
    assert page.status_code == 200
    assert "Find my parcel" in page.text


def asked(world: World) -> list[str]:
    return [path.rpartition("/")[2] for _, path, _ in world.api.journal if "/hosts/" in path]
