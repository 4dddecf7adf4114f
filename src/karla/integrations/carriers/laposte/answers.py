"""The form of La Poste's answers, as far as it is read; La Poste leaves out what it doesn't know."""

import msgspec

from karla.integrations.carriers.nulls import without_nulls


class _Answered(msgspec.Struct, frozen=True, rename="camel"):
    """La Poste writes its members in camel case."""


class Event(_Answered, frozen=True):
    """A scan; `date` has its offset from UTC."""

    code: str | None = None
    label: str = ""
    date: str | None = None


class RemovalPoint(_Answered, frozen=True):
    """Where a parcel is to be collected; `type` is one of La Poste's kinds of points, such as A2P."""

    name: str | None = None
    type: str | None = None


class ContextData(_Answered, frozen=True):
    """What is around the shipment; countries are alpha-2. Names of people are left unread."""

    origin_country: str | None = None
    arrival_country: str | None = None
    removal_point: RemovalPoint = RemovalPoint()


class Shipment(_Answered, frozen=True):
    """One shipment; it `is_final` where nothing more will be told."""

    id_ship: str = ""
    product: str | None = None
    is_final: bool = False
    estim_date: str | None = None
    estim_hour_min: str | None = None
    estim_hour_max: str | None = None
    context_data: ContextData = ContextData()
    event: tuple[Event, ...] = ()


class Item(_Answered, frozen=True):
    """What came of one number; `id_ship` stands here where there is no shipment."""

    return_code: int = 200
    id_ship: str = ""
    shipment: Shipment | None = None

    @property
    def number(self) -> str:
        """The number that it is about, empty where La Poste doesn't say."""
        return self.shipment.id_ship if self.shipment and self.shipment.id_ship else self.id_ship


def item_in(raw: bytes) -> Item:
    """One item of an answer of `/idships`; a ValueError where it isn't one. What is null counts as left out."""
    return msgspec.convert(without_nulls(msgspec.json.decode(raw)), Item, strict=False)
