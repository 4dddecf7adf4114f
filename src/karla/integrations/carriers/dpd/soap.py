"""SOAP 1.1 as DPD speaks it: pure. What may harm its reader, a document type with its entities, is refused."""

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import msgspec

_TYPES = "http://dpd.com/common/service/types"
AUTHENTICATION = f"{_TYPES}/Authentication/2.0"
LOGIN = f"{_TYPES}/LoginService/2.0"
TRACKING = f"{_TYPES}/ParcelLifeCycleService/2.0"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_MOST_DEPTH = 64


class Fault(msgspec.Struct, frozen=True):
    """DPD's own fault: its kind, such as `authenticationFault`, empty where SOAP alone speaks."""

    kind: str
    code: str
    text: str


def envelope(operation: str, space: str, members: dict[str, str], header: str = "") -> bytes:
    """A request; `header` is XML already, the values of `members` aren't yet."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{_SOAP}"><soapenv:Header>{header}</soapenv:Header>'
        f"<soapenv:Body>{element(operation, space, members)}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def element(name: str, space: str, members: dict[str, str]) -> str:
    """An element of a namespace, with members of none, as DPD's schemas have them."""
    inner = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in members.items())
    return f"<ns:{name} xmlns:ns={quoteattr(space)}>{inner}</ns:{name}>"


def body_of(raw: bytes) -> Element:
    """The only thing in the body of an answer, all names without their namespaces; ValueError where there is none."""
    root = _tree(raw)
    body = next((child for child in root if child.tag == "Body"), None) if root.tag == "Envelope" else None
    if body is None or len(body) != 1:
        raise ValueError("It is no SOAP message with one thing in its body.")
    return body[0]


def fault_in(told: Element) -> Fault | None:
    """What a body says went wrong, None where it is an answer."""
    if told.tag != "Fault":
        return None
    detail = next(iter(told.find("detail") or ()), None)
    if detail is None:
        return Fault("", text_at(told, "faultcode"), text_at(told, "faultstring"))
    code = text_at(detail, "errorCode") or text_at(detail, "faultCode")
    return Fault(detail.tag, code, text_at(detail, "errorMessage") or text_at(detail, "message"))


def text_at(told: Element, path: str) -> str:
    """The text of the first element at a path, without the blanks around it; empty where there is none."""
    return (told.findtext(path) or "").strip()


def _tree(raw: bytes) -> Element:
    builder, parser, depth = TreeBuilder(), expat.ParserCreate(), 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise ValueError("It is nested too deeply.")
        builder.start(_local(name), attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_local(name))

    parser.StartDoctypeDeclHandler = _refused
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(raw, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, LookupError):
        pass
    raise ValueError("It is no XML.")


def _refused(*_: object) -> NoReturn:
    raise ValueError("It has a document type.")


def _local(name: str) -> str:
    return name.rpartition(":")[2]
