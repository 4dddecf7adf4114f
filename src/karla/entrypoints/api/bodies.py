"""How request bodies and query strings become shapes: strictly, with every fault named."""

from collections.abc import Generator
from typing import Any, ClassVar, TypeVar

import msgspec
from litestar import Request
from litestar.di import Provide
from litestar.dto import AbstractDTO, DTOConfig
from litestar.dto.data_structures import DTOFieldDefinition

from karla.infra.validation import QueryShape, Shape

T = TypeVar("T", bound=msgspec.Struct)

BULK_BYTES = 16 * 1024 * 1024


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
    """A dependency that reads a `shape_type` from the query string; unknown parameters are ignored.

    Name it `filters`; the OpenAPI document takes the parameters from the shape.
    """
    shape = QueryShape(shape_type)

    def read(request: Request[Any, Any, Any]) -> T:
        return shape.decode(dict(request.query_params.multi_items()))

    read.shape = shape_type  # type: ignore[attr-defined]
    return Provide(read, sync_to_thread=False)
