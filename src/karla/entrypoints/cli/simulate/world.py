"""Who orders what: people, places, currencies and a small assortment, as data."""

import csv
import tomllib
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

import msgspec


class City(msgspec.Struct, frozen=True, array_like=True):
    """A place where orders go to; `province` is the code of a state, empty where addresses have none."""

    name: str
    postal_code: str
    street: str
    province: str


class Currency(msgspec.Struct, frozen=True):
    """`rate` is what a euro is worth; prices are whole multiples of `step`."""

    rate: float
    step: Decimal

    def price(self, euros: Decimal) -> Decimal:
        """What costs that much in euros."""
        steps = (euros * Decimal(str(self.rate)) / self.step).to_integral_value(ROUND_HALF_UP)
        return steps * self.step


class Land(msgspec.Struct, frozen=True):
    """A country, its cities in the order of their size, and where a house's number stands beside the street."""

    name: str
    currency: str
    language: str
    cities: tuple[City, ...]
    house: Literal["before", "behind"] = "behind"


class People(msgspec.Struct, frozen=True):
    """What people of one language are called."""

    first: tuple[str, ...]
    last: tuple[str, ...]


class Article(msgspec.Struct, frozen=True):
    """A thing that the shop sells; the price is in euros, the weight says how often it is bought."""

    product: str
    variant: str
    sku: str
    title: str
    price: Decimal
    grams: int
    weight: float


class _World(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    currencies: dict[str, Currency]
    people: dict[str, People]
    countries: dict[str, Land]


def _world() -> _World:
    told = tomllib.loads(files(__package__).joinpath("world.toml").read_text(encoding="utf-8"))
    return msgspec.convert(told, _World)


def _assortment() -> tuple[Article, ...]:
    rows = csv.DictReader(files(__package__).joinpath("assortment.csv").read_text(encoding="utf-8").splitlines())
    return msgspec.convert([*rows], tuple[Article, ...], strict=False)


_ALL = _world()
COUNTRIES: Mapping[str, Land] = MappingProxyType(_ALL.countries)
CURRENCIES: Mapping[str, Currency] = MappingProxyType(_ALL.currencies)
PEOPLE: Mapping[str, People] = MappingProxyType(_ALL.people)
ASSORTMENT: tuple[Article, ...] = _assortment()
