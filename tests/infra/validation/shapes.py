"""A shape of a body and one of a query with a member of every kind, and the faults that they find."""

import enum
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct

from karla.infra.errors import Fault, Invalid
from karla.infra.validation import QueryShape, Shape

Text = Annotated[str, Meta(min_length=1, max_length=10)]
Aware = Annotated[datetime, Meta(tz=True)]
Code = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Url = Annotated[str, Meta(max_length=60, extra_json_schema={"format": "uri"})]
HttpsUrl = Annotated[str, Meta(pattern="^https://", extra_json_schema={"format": "uri"})]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Address(Struct):
    zip_code: Text
    city: Text | None = None
    phone: str = ""


class Part(Struct):
    sku: str
    parts: "list[Part]" = []


class Circle(Struct, tag_field="kind", tag="circle"):
    radius: float


class Square(Struct, tag_field="kind", tag="square"):
    side: Annotated[int, Meta(gt=0)]


class Window(Struct):
    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("The end must not be before the start")


class Closed(Struct, forbid_unknown_fields=True):
    a: int = 0


class Order(Struct):
    order_number: str
    address: Address | None = None
    quantity: Annotated[int, Meta(ge=1, le=100)] = 1
    price: Annotated[float, Meta(ge=0, lt=1000)] | None = None
    enabled: bool | None = None
    placed_at: Aware | None = None
    seen_at: datetime | None = None
    local_at: Annotated[datetime, Meta(tz=False)] | None = None
    day: date | None = None
    uuid: UUID | None = None
    country: Code | None = None
    url: Url | None = None
    image: HttpsUrl | None = None
    colour: Colour | None = None
    id_type: Literal["uuid", "order_number"] | None = None
    tags: Annotated[list[Text], Meta(max_length=3)] | None = None
    parts: list[Part] = []
    shape: Circle | Square | None = None
    windows: list[Window] = []
    extra: dict[str, Any] | None = None
    anything: Any = None
    raw: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    counter: int | None = None
    total: Decimal | None = None
    wait: timedelta | None = None
    data: bytes | None = None
    names: dict[Annotated[str, Meta(max_length=2)], Address] | None = None
    pair: tuple[int, str] | None = None
    amount: int | str | None = None
    either: int | list[int] | None = None
    closed: Closed | None = None
    renamed: int = msgspec.field(default=0, name="other.name")
    maybe: Text | msgspec.UnsetType | None = msgspec.UNSET


ORDER = Shape(Order)
Found = list[tuple[tuple[str | int, ...], str]]


def faults_of(decode: Callable[[], object]) -> tuple[Fault, ...]:
    with pytest.raises(Invalid) as caught:
        decode()
    assert caught.value.status == 422
    assert caught.value.faults
    return caught.value.faults


def found(body: bytes, shape: Shape[Any] = ORDER) -> Found:
    return [(fault.loc[1:], fault.type) for fault in faults_of(lambda: shape.decode(body))]


def order(**members: object) -> bytes:
    return json.dumps({"order_number": "1"} | members).encode()


class Filters(Struct, frozen=True, kw_only=True):
    page: Annotated[int, Meta(gt=0)] = 1
    per_page: Annotated[int, Meta(gt=0, le=100)] = 30
    reference: str
    enabled: bool | None = None
    since: datetime | None = None
    until: Aware | None = None
    uuid: UUID | None = None
    colour: Colour | None = None
    ids: Annotated[list[int], Meta(max_length=3)] | None = None
    colours: list[Colour] = []
    times: list[Aware] = []
    price: float | None = None
    counter: int | None = None
    order_by: str | None = msgspec.field(default=None, name="orderBy")


FILTERS = QueryShape(Filters)
