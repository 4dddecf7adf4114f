"""The form of Royal Mail's answers, as far as it is read; Royal Mail leaves out what it doesn't know."""

import msgspec

from karla.integrations.carriers.nulls import without_nulls


class _Answered(msgspec.Struct, frozen=True, rename="camel"):
    """Royal Mail writes its members in camel case."""


class Event(_Answered, frozen=True):
    """A scan; its time has its offset, its place is an office's or a country's name."""

    event_code: str = ""
    event_name: str = ""
    event_date_time: str = ""
    location_name: str = ""


class Summary(_Answered, frozen=True):
    """What doesn't change on the way, and the newest event once more. Countries have three letters, and a name."""

    product_name: str = ""
    product_category: str = ""
    destination_country_code: str = ""
    destination_country_name: str = ""
    origin_country_code: str = ""
    origin_country_name: str = ""
    last_event_code: str = ""
    last_event_name: str = ""
    last_event_date_time: str = ""
    last_event_location_name: str = ""


class EstimatedDelivery(_Answered, frozen=True):
    """A day, and times of it that have an offset."""

    date: str = ""
    start_of_estimated_window: str = ""
    end_of_estimated_window: str = ""


class Link(_Answered, frozen=True):
    """A path at Royal Mail's."""

    href: str = ""


class Links(_Answered, frozen=True):
    """What else there is to do about a parcel."""

    redelivery: Link = Link()


class Signature(_Answered, frozen=True):
    """Who signed for the parcel."""

    recipient_name: str = ""


class MailPiece(_Answered, frozen=True):
    """One parcel; its events from the newest."""

    summary: Summary = Summary()
    estimated_delivery: EstimatedDelivery = EstimatedDelivery()
    events: tuple[Event, ...] = ()
    links: Links = Links()
    signature: Signature = Signature()


class _MailPieces(_Answered, frozen=True):
    mail_pieces: MailPiece


def mail_piece_in(raw: bytes) -> MailPiece:
    """The parcel of an answer of `/events`; a ValueError where it isn't one. What is null counts as left out."""
    return msgspec.convert(without_nulls(msgspec.json.decode(raw)), _MailPieces, strict=False).mail_pieces
