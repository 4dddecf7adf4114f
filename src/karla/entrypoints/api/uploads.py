"""How the file of a multipart form is read."""

from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from karla.infra.errors import BadRequest, Fault, Invalid, TooLarge

MAX_IMAGE_BYTES = 10 * 1024 * 1024
BODY_BYTES = MAX_IMAGE_BYTES + 64 * 1024
"""The largest body: an image, and the form around it."""

_MAX_PARTS = 100


@dataclass
class ImageUpload(Operation):
    """What the OpenAPI document says of the body; a handler names it as its `operation_class`."""

    def __post_init__(self) -> None:
        """Describe a form with one file."""
        file = Schema(type=OpenAPIType.STRING, content_media_type="application/octet-stream")
        form = Schema(type=OpenAPIType.OBJECT, properties={"image": file}, required=["image"])
        self.request_body = RequestBody(required=True, content={"multipart/form-data": OpenAPIMediaType(schema=form)})


async def image_of(request: Request[Any, Any, Any]) -> bytes:
    """The file part `image` of a request's form.

    BadRequest when the body is no form, Invalid when there is no such file in it, TooLarge for one above 10 MB.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if content_type != b"multipart/form-data" or not boundary:
        raise _garbled("Content-Type must be multipart/form-data with a boundary")
    form = _Form()
    try:
        MultipartParser(boundary, form.callbacks()).write(await request.body())  # type: ignore[arg-type]
    except (FormParserError, UnicodeError) as error:
        raise _garbled("Not a multipart form") from error
    if not form.complete:
        raise _garbled("The form ends too early")
    file = next((part.content for part in form.parts if part.is_file("image")), None)
    if file is None:
        fault = Fault(("body", "image"), "A file part of this name is required", "missing")
        raise Invalid(message="The form has no file part named image.", faults=[fault])
    if len(file) > MAX_IMAGE_BYTES:
        raise TooLarge(message=f"The image is larger than {MAX_IMAGE_BYTES} bytes.")
    return bytes(file)


class _Part:
    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.content = bytearray()

    def is_file(self, name: str) -> bool:
        # A client may send a text part of the same name before the file, and a file without a file name.
        _, options = parse_options_header(self.headers.get("content-disposition"))
        content_type, _ = parse_options_header(self.headers.get("content-type", "text/plain"))
        named = options.get(b"name") == name.encode()
        return named and (b"filename" in options or not content_type.startswith(b"text/"))


class _Form:
    """Collects what the parser finds."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self.complete = False
        self._name = bytearray()
        self._value = bytearray()

    def callbacks(self) -> dict[str, object]:
        """By the parser's names; each piece comes as a buffer and a range in it."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_part_data": lambda data, start, end: self.parts[-1].content.extend(data[start:end]),
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) == _MAX_PARTS:
            raise _garbled(f"The form has more than {_MAX_PARTS} parts")
        self.parts.append(_Part())

    def _header(self) -> None:
        self.parts[-1].headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name.clear()
        self._value.clear()

    def _end(self) -> None:
        self.complete = True


def _garbled(reason: str) -> BadRequest:
    fault = Fault(("body",), reason, "multipart_invalid")
    return BadRequest("multipart_invalid", "Send multipart/form-data with a file part named image.", [fault])
