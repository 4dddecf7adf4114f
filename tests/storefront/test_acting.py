"""What a shopper does to an order by the forms of its page."""

import pytest

from tests.storefront.world import TOKEN, World


async def test_a_token_shows_prices_address_and_what_may_be_done(world: World) -> None:
    page = await world.by_token()
    assert "Ada Lind" in page.text
    assert "Feldweg 3" in page.text
    assert "Yes, cancel the order" in page.text
    assert "Change the delivery address" in page.text


async def test_number_and_zip_code_do_not_change_anything(world: World) -> None:
    page = await world.order()
    assert "Yes, cancel the order" not in page.text
    assert "Change the delivery address" not in page.text
    assert "open the tracking link from your e-mail" in page.text
    answer = await world.post("/track/lamps/cancel", {"orderNumber": "1001", "zipCode": "10119"})
    assert answer.headers["location"].endswith("done=token_needed")
    assert not [call for _, call, _ in world.api.journal if call.endswith("/cancel")]


async def test_cancels_the_order_and_is_told_so(world: World) -> None:
    answer = await world.post("/track/lamps/cancel", {"orderNumber": "1001", "token": TOKEN, "lang": "en"})
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    page = await world.get(answer.headers["location"])
    assert "Your order is cancelled." in page.text


async def test_a_link_cannot_claim_what_is_not_so(world: World) -> None:
    page = await world.by_token(done="cancelled")
    assert "Your order is cancelled." not in page.text
    assert (await world.by_token(done="<b>")).status_code == 200


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ((409, "order_shipped", {}), "It’s too late for that"),
        ((403, "order_token_needed", {}), "Please open this page by the link in your e-mail"),
        ((403, "switched_off", {}), "That didn’t work just now."),
        ((503, "database_unreachable", {}), "That didn’t work just now."),
    ],
)
@pytest.mark.parametrize("action", ["cancel", "address"])
async def test_what_cannot_be_done_is_told(
    world: World, action: str, refusal: tuple[int, str, dict[str, str]], told: str
) -> None:
    world.api.refusal = refusal
    form = {"orderNumber": "1001", "token": TOKEN, "name": "Ada", "zip_code": "10115"}
    answer = await world.post(f"/track/lamps/{action}", form)
    assert answer.status_code == 303
    world.api.refusal = None
    assert told in (await world.get(answer.headers["location"])).text


async def test_changes_the_address_before_it_ships(world: World) -> None:
    page = await world.by_token(change="address")
    assert 'name="address_line_1" value="Feldweg 3"' in page.text
    assert 'autocomplete="postal-code"' in page.text
    form = {"orderNumber": "1001", "token": TOKEN, "name": "Ada Lind", "company": "", "zip_code": "10115"}
    answer = await world.post("/track/lamps/address", form | {"city": "Berlin", "country_code": "FR"})
    assert answer.status_code == 303
    assert "Your address is changed." in (await world.get(answer.headers["location"])).text
    # Only the fields of the form are sent on; an empty one takes away.
    assert world.api.changed == {
        "name": "Ada Lind",
        "company": "",
        "address_line_1": "",
        "zip_code": "10115",
        "city": "Berlin",
    }


async def test_faults_of_an_address_are_told_at_their_fields_and_what_was_typed_is_kept(world: World) -> None:
    form = {"orderNumber": "1001", "token": TOKEN, "name": "Ada L.", "zip_code": "x", "city": "Potsdam"}
    page = await world.post("/track/lamps/address", form)
    assert page.status_code == 422
    assert 'value="Ada L."' in page.text
    assert 'value="Potsdam"' in page.text
    assert "This is no postal code of the country it goes to." in page.text
    assert page.text.count('aria-invalid="true"') == 1


async def test_a_form_that_makes_no_sense_changes_nothing(world: World) -> None:
    for body in (b"\xff\xfe=1", b"&".join(b"a=1" for _ in range(1000)), b""):
        answer = await world.http.post("/track/lamps/cancel", content=body)
        assert answer.status_code == 303
        assert "token_needed" in answer.headers["location"]


async def test_an_address_that_was_tampered_with_writes_no_header(world: World) -> None:
    answer = await world.http.post("/track/a%0d%0aX-Evil:%201/cancel", data={"orderNumber": "\r\nX-Evil: 1"})
    assert answer.status_code == 303
    assert "x-evil" not in answer.headers
    assert "\r" not in answer.headers["location"]
