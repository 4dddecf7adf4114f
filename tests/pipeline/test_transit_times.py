"""What parcels that arrived say of those to come, and whose parcels count."""

from datetime import timedelta

from karla.domain.tracking.commands.answers import read_again
from karla.domain.tracking.commands.transits import KEPT
from tests.pipeline.told_carriers import A_DAY, DELIVERED, TRANSIT, TUESDAY, Carrier, scan
from tests.support.clocks import NOON


async def test_parcels_that_arrived_say_when_the_next_one_does(dhl: Carrier) -> None:
    await dhl.arrived(12, "NO")
    shipment = await dhl.parcel(country="NO")
    await dhl.tells(shipment, scan(TRANSIT, NOON, "NO"))
    parcel = await dhl.now(shipment)
    assert (parcel.expected_from, parcel.expected_to) == (TUESDAY + 2 * A_DAY, TUESDAY + 3 * A_DAY)
    assert await dhl.basis(shipment) == "12 parcels of DHL Paket within NO handed in on a Monday"
    assert parcel.expected_confidence is not None
    assert 0.75 < parcel.expected_confidence < 0.95


async def test_an_answer_that_is_read_again_or_comes_again_teaches_nothing_new(dhl: Carrier) -> None:
    await dhl.arrived(1, "FI")
    shipment = await dhl.parcel("once more", "FI")
    scans = scan(TRANSIT, NOON - 14 * A_DAY, "FI"), scan(DELIVERED, NOON - 10 * A_DAY, "FI")
    await dhl.tells(shipment, *scans)
    await dhl.count()
    assert await counted(dhl) == {("FI", "FI"): 2}
    await dhl.tells(shipment, *scans, scan("PROOF_OF_DELIVERY_AVAILABLE", NOON, "FI"))
    since = NOON - timedelta(hours=1)
    assert (await dhl.rooms.db.write(dhl.rooms.scope, lambda work: read_again(work, since, "dhl", None))).answers == 3
    await dhl.normaliser.turn()
    await dhl.count()
    assert await dhl.rooms.count("transit_samples") == 2
    assert await counted(dhl) == {("FI", "FI"): 2}
    # Another mapping finds where it came from: it counts there, and not where it did.
    await dhl.tells(shipment, *scans, origin_country="SE")
    await dhl.count()
    assert await counted(dhl) == {("FI", "FI"): 1, ("SE", "FI"): 1}


async def counted(shop: Carrier) -> dict[tuple[str, str], int]:
    """How many parcels a shop's counts have by lane."""
    async with shop.rooms.db.read(shop.rooms.scope) as connection:
        rows = await connection.fetch(
            "select origin, destination, samples from shop_transit_times where shop_id = $1 and carrier = '*'",
            shop.rooms.shop_id,
        )
    return {(row["origin"], row["destination"]): sum(row["samples"]) for row in rows}


async def test_what_is_too_old_counts_no_more(dhl: Carrier) -> None:
    await dhl.arrived(2, "IS")
    assert await counted(dhl) == {("IS", "IS"): 2}
    dhl.rooms.clock.advance(KEPT)
    await dhl.count()
    assert await counted(dhl) == {}
    assert await dhl.rooms.count("transit_samples") == 0


async def test_a_sandboxs_parcels_say_nothing_of_the_carriers_that_it_plays(dhl: Carrier) -> None:
    await dhl.arrived(12, "HR", provider="sandbox")
    assert await counted(dhl) == {}
    real, played = await dhl.parcel("real", "HR"), await dhl.parcel("played", "HR")
    await dhl.tells(real, scan(TRANSIT, NOON, "HR"))
    assert await dhl.basis(real) == "a usual time for parcels within a country"
    await dhl.tells(played, scan(TRANSIT, NOON, "HR"), provider="sandbox")
    assert (await dhl.basis(played)).startswith("12 parcels of ")


async def test_few_parcels_of_other_shops_say_nothing(shops: list[Carrier]) -> None:
    first, second, third, stranger = shops
    await first.arrived(30, "CZ")
    shipment = await stranger.parcel(country="CZ")
    await stranger.tells(shipment, scan(TRANSIT, NOON, "CZ"))
    assert await stranger.basis(shipment) == "a usual time for parcels within a country", "all of them are of one shop"
    await second.arrived(5, "CZ")
    await third.arrived(5, "CZ")
    another = await stranger.parcel("2", "CZ")
    await stranger.tells(another, scan(TRANSIT, NOON, "CZ"))
    assert await stranger.basis(another) == "at least 20 parcels of DHL Paket within CZ handed in on a Monday"
    own = await first.parcel("own", "CZ")
    await first.tells(own, scan(TRANSIT, NOON, "CZ"))
    assert "at least 20" in await first.basis(own), "and how many more there are is nobody's business"


async def test_what_is_shared_goes_with_the_shop_that_it_came_from(shops: list[Carrier]) -> None:
    *told, stranger = shops
    for shop in told:
        await shop.arrived(10, "SK")
    shipment = await stranger.parcel(country="SK")
    await stranger.tells(shipment, scan(TRANSIT, NOON, "SK"))
    assert (await stranger.basis(shipment)).startswith("at least 20 parcels")
    await told[0].go()
    stranger.rooms.clock.advance(2 * A_DAY)
    await stranger.count()
    another = await stranger.parcel("2", "SK")
    await stranger.tells(another, scan(TRANSIT, NOON + A_DAY, "SK"))
    assert await stranger.basis(another) == "a usual time for parcels within a country"
