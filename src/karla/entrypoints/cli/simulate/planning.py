"""What a simulated shop is going to live through: orders with their parcels, drawn from a mix, pure."""

import random
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import msgspec

from karla.client.bodies import OrderMembers, OrderUpsert, Product
from karla.entrypoints.cli.simulate.days import Hours, handed_over, hours_of
from karla.entrypoints.cli.simulate.mix import Lane, Mix, MixInvalid
from karla.entrypoints.cli.simulate.world import ASSORTMENT, COUNTRIES, CURRENCIES, PEOPLE, Article, City, Currency

T = TypeVar("T")

_LONGEST_NAME = 16
_NOT_ASCII = {"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "å": "a"}
_CENT = Decimal("0.01")
_SHIPPING, _SHIPPING_ABROAD, _FREE_FROM = Decimal("4.90"), Decimal("9.90"), Decimal(80)
_TWICE, _DISCOUNTED, _LONGEST_BACKORDER = 0.15, 0.12, 4
_CUSTOMERS = {"Customer.new": 55.0, "Customer.returning": 37.0, "Customer.vip": 8.0}
_CHANNELS = {"Channel.web": 70.0, "Channel.app": 30.0}


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How much life a shop is to have. `name` is the mix's; with `seed` it tells one set of orders from another."""

    name: str
    mix: Mix
    orders: int
    seed: int
    start: datetime
    days: int


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel of a plan: a story of the sandbox that begins when it is handed over."""

    number: str
    story: str
    carrier: str
    handed_over_at: datetime
    external_id: str
    products: Sequence[Product]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An order and its parcels, the first to be handed over first; `reference` is its order number."""

    reference: str
    placed_at: datetime
    origin: str
    country: str
    postal_code: str
    order: OrderMembers
    parcels: Sequence[Parcel]

    def placed(self) -> OrderUpsert:
        """The order as the shop sends it when it is placed: parcels are expected, and none has a number."""
        return {"id": self.reference, "order": self.order, "trackings": []}

    def with_parcel(self, parcel: Parcel) -> OrderUpsert:
        """What the shop sends when a parcel is handed over."""
        return {
            "id": self.reference,
            "trackings": [
                {
                    "tracking_number": parcel.number,
                    "carrier_reference": parcel.carrier,
                    "tracking_placed_at": parcel.handed_over_at,
                    "external_shipment_id": parcel.external_id,
                    "products": parcel.products,
                }
            ],
        }


class _Line(msgspec.Struct, frozen=True):
    article: Article
    quantity: int


def plans_of(wish: Wish) -> list[Plan]:
    """The plans in the order that they are placed in: always the same for a wish; MixInvalid where no day has weight.

    The first orders of a larger wish are those of a smaller one.
    """
    hours = hours_of(wish.mix, wish.start, wish.days)
    if not any(hours.weights):
        raise MixInvalid(f"The mix {wish.name!r} has no orders on the days from {wish.start:%Y-%m-%d} on")
    planning = _Planning(wish, hours)
    return sorted(map(planning.plan, range(1, wish.orders + 1)), key=lambda plan: (plan.placed_at, plan.reference))


class _Planning:
    """Draws each order by dice of its own, so that none depends on how many there are."""

    def __init__(self, wish: Wish, hours: Hours) -> None:
        self._wish, self._mix, self._hours = wish, wish.mix, hours
        self._zone = wish.mix.local

    def plan(self, place: int) -> Plan:
        wish = self._wish
        token = f"{_token(wish.name)}-{wish.seed}-{place:05d}"
        dice = random.Random(token)  # noqa: S311 - draws a play, guards nothing
        hour = dice.choices(self._hours.begin, self._hours.weights)[0]
        placed_at = hour + timedelta(seconds=dice.randrange(3600))
        lane = dice.choices(self._mix.lanes, [lane.weight for lane in self._mix.lanes])[0]
        city = _one_of_a_list(dice, COUNTRIES[lane.country].cities)
        lines = _lines(dice, self._mix)
        parcels = self._parcels(dice, token, lane, placed_at, lines)
        return Plan(
            reference=f"SIM-{token}",
            placed_at=placed_at,
            origin=self._mix.origin_of(lane),
            country=lane.country,
            postal_code=city.postal_code,
            order=_order(dice, f"SIM-{token}", placed_at, (lane, city), lines, len(parcels)),
            parcels=parcels,
        )

    def _parcels(
        self, dice: random.Random, token: str, lane: Lane, placed_at: datetime, lines: Sequence[_Line]
    ) -> list[Parcel]:
        ordering, handling = self._mix.orders, self._mix.handling
        contents = [lines]
        if len(lines) > 1 and dice.random() < ordering.two_parcels:
            contents = [lines[:-1], lines[-1:]]
        later = 1 if dice.random() < handling.late else 0
        leaves = handed_over(handling, self._zone, placed_at, later, dice.random())
        parcels = []
        for number, content in enumerate(contents, 1):
            if number > 1 and dice.random() < ordering.partial:
                later += dice.randint(1, _LONGEST_BACKORDER)
                leaves = handed_over(handling, self._zone, placed_at, later, dice.random())
            carrier = _one_of(dice, lane.carriers)
            story = _one_of(dice, self._mix.stories_of(lane, carrier))
            parcels.append(
                Parcel(
                    number=f"SBX-{story}-{token}-{number}",
                    story=story,
                    carrier=carrier,
                    handed_over_at=leaves,
                    external_id=f"SIM-{token}-{number}",
                    products=[_product(line) for line in content],
                )
            )
        return parcels


def _lines(dice: random.Random, mix: Mix) -> list[_Line]:
    """Different articles, each once or twice."""
    number = _one_of(dice, dict(enumerate(mix.orders.lines, 1)))
    left = {place: article.weight for place, article in enumerate(ASSORTMENT)}
    lines = []
    for _ in range(number):
        place = _one_of(dice, left)
        del left[place]
        lines.append(_Line(ASSORTMENT[place], 2 if dice.random() < _TWICE else 1))
    return lines


def _order(
    dice: random.Random,
    reference: str,
    placed_at: datetime,
    to: tuple[Lane, City],
    lines: Sequence[_Line],
    parcels: int,
) -> OrderMembers:
    lane, city = to
    land = COUNTRIES[lane.country]
    currency = CURRENCIES[land.currency]
    first, last = (dice.choice(names) for names in (PEOPLE[land.language].first, PEOPLE[land.language].last))
    mailbox = _ascii(f"{first}.{last}".replace(" ", "").lower())
    house = dice.randint(1, 180)
    street = f"{house} {city.street}" if land.house == "before" else f"{city.street} {house}"
    sums = _sums(dice, lane, lines, currency)
    return {
        "order_number": reference,
        "external_id": reference,
        "order_placed_at": placed_at,
        "email_id": f"{mailbox}@mail.example",
        "external_customer_id": f"customer-{mailbox}",
        "address": {
            "name": f"{first} {last}",
            "address_line_1": street,
            "street": street,
            "zip_code": city.postal_code,
            "city": city.name,
            "country": land.name,
            "country_code": lane.country,
            **({"province_code": city.province} if city.province else {}),
        },
        "products": [{**_product(line), "price": currency.price(line.article.price)} for line in lines],
        **sums,
        "currency": land.currency,
        "payment_status": "paid",
        "segments": [_one_of(dice, _CUSTOMERS), _one_of(dice, _CHANNELS), f"Language.{land.language}"],
        "weight": sum(line.article.grams * line.quantity for line in lines),
        "expected_number_of_shipments": parcels,
    }


def _sums(dice: random.Random, lane: Lane, lines: Sequence[_Line], currency: Currency) -> OrderMembers:
    """What the order costs, in its currency."""
    euros = sum((line.article.price * line.quantity for line in lines), Decimal())
    sub_total = sum((currency.price(line.article.price) * line.quantity for line in lines), Decimal())
    shipping = Decimal() if euros >= _FREE_FROM else _SHIPPING if lane.country == "DE" else _SHIPPING_ABROAD
    discount = (sub_total / 10).quantize(_CENT) if dice.random() < _DISCOUNTED else Decimal()
    told: OrderMembers = {  # type: ignore[typeddict-item]
        "sub_total_price": sub_total,
        "shipping_price": currency.price(shipping),
        "discount_price": discount,
        "discounts": [{"code": "HELLO10", "amount": discount, "type": "percentage"}] if discount else [],
        "total_order_price": sub_total + currency.price(shipping) - discount,
    }
    return told


def _product(line: _Line) -> Product:
    article = line.article
    return {
        "product_id": article.product,
        "variant_id": f"{article.product}-{article.variant}",
        "sku": article.sku,
        "title": article.title,
        "quantity": line.quantity,
        "weight": article.grams,
    }


def _one_of(dice: random.Random, weights: Mapping[T, float]) -> T:
    return dice.choices([*weights], [*weights.values()])[0]


def _one_of_a_list(dice: random.Random, choices: Sequence[T]) -> T:
    """The first of the list most often, the later ones less and less."""
    return dice.choices(choices, [1 / (2 + place) for place in range(len(choices))])[0]


def _token(name: str) -> str:
    """A mix's name as it may stand in a tracking number."""
    return re.sub(r"[^A-Z0-9]+", "-", _ascii(name).upper())[:_LONGEST_NAME].strip("-") or "MIX"


def _ascii(text: str) -> str:
    """Without accents, so that it may stand in an address for mail."""
    plain = "".join(_NOT_ASCII.get(sign, sign) for sign in text)
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
