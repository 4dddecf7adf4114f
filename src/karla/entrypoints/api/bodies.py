"""How request bodies and query strings become shapes: strictly, with every fault named."""

from collections.abc import Generator
from typing import Any, ClassVar, TypeVar

import msgspec
from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.dto import AbstractDTO, DTOConfig
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.types import Receive

from karla.infra.errors import BadRequest, TooLarge
from karla.infra.validation import QueryShape, Shape

T = TypeVar("T", bound=msgspec.Struct)

BULK_BYTES = 16 * 1024 * 1024


async def whole_body(receive: Receive, max_bytes: int) -> bytes:
    """What the caller sends, to its end; TooLarge as soon as it is more than that, BadRequest when it breaks off."""
    parts: list[bytes] = []
    left = max_bytes
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BadRequest("body_incomplete", "The connection ended before the body did.")
        parts.append(message.get("body", b""))
        left -= len(parts[-1])
        if left < 0:
            raise TooLarge(message=f"The body is larger than {max_bytes} bytes.")
        if not message.get("more_body"):
            return b"".join(parts)


def json_body(shape_type: Any, max_bytes: int = 1024 * 1024) -> type[AbstractDTO[Any]]:
    """The `dto` of a handler whose `data` is a `shape_type` in JSON.

    Litestar's own decoding is lax and stops at the first fault; this one is neither.
    """

    class Body(AbstractDTO[Any]):
        config: ClassVar[DTOConfig] = DTOConfig()
        shape: ClassVar[Shape[Any]] = Shape(shape_type, max_bytes)

        @classmethod
        def create_for_field_definition(cls, *_: Any, **__: Any) -> None:
            """Nothing to prepare: the shape is made above."""

        @classmethod
        def create_openapi_schema(cls, field_definition: Any, handler_id: str, schema_creator: Any) -> Any:
            return schema_creator.for_field_definition(field_definition)

        @classmethod
        def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
            yield from ()

        @classmethod
        def detect_nested_field(cls, field_definition: Any) -> bool:
            return False

        @classmethod
        def is_supported_model_type_field(cls, field_definition: Any) -> bool:
            return False  # asked about the answer alone, which is encoded as it is

        def decode_bytes(self, value: bytes) -> Any:
            return self.shape.decode(value)

    return Body


def from_query(shape_type: type[T]) -> Provide:
    """A dependency that reads a `shape_type` from the query string.

    Unknown parameters are ignored, or refused if the type forbids unknown fields; so it is with members in `json_body`.
    Name it `filters`; the OpenAPI document takes the parameters from the shape.
    """
    shape = QueryShape(shape_type)

    def read(request: Request[Any, Any, Any], services: NamedDependency[Any]) -> T:
        del services  # a link of the chain that `litestar_app` tells of
        return shape.decode(dict(request.query_params.multi_items()))

    read.shape = shape_type  # type: ignore[attr-defined]
    return Provide(read, sync_to_thread=False)


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


_NOTHING = QueryShape(_Nothing)


async def no_query(request: Request[Any, Any, Any]) -> None:
    """The `before_request` of a handler that heeds its path and body alone: Invalid for any query parameter."""
    _NOTHING.decode(dict(request.query_params.multi_items()))
