"""The form of DPD's answers, as far as it is read: texts for a page rather than data, in blocks with a label."""

from xml.etree.ElementTree import Element

import msgspec

from karla.integrations.carriers.dpd import soap


class Item(msgspec.Struct, frozen=True):
    """A block: its label, its lines, and where it leads."""

    label: str
    lines: tuple[str, ...]
    link: str

    @property
    def text(self) -> str:
        """The lines, one after the other."""
        return " ".join(self.lines)


class Status(msgspec.Struct, frozen=True):
    """A stage of a parcel's way, and what happened there.

    Its label is left unread: it names the next stage as often as this one. `problems` are what DPD marks as wrong or
    important; `items` are other blocks, such as who took the parcel.
    """

    status: str
    description: str
    reached: bool
    location: str
    date: str
    problems: tuple[Item, ...]
    items: tuple[Item, ...]


class Tracking(msgspec.Struct, frozen=True):
    """A whole answer; the names of sender and receiver are left unread."""

    service: str
    predict: str
    statuses: tuple[Status, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """The blocks of all stages that were reached, from the latest."""
        reached = [status for status in reversed(self.statuses) if status.reached]
        return tuple(item for status in reached for item in (*status.problems, *status.items))


def tracking_in(raw: bytes) -> Tracking:
    """An answer of getTrackingData; a ValueError where it isn't one."""
    told = soap.body_of(raw)
    if told.tag != "getTrackingDataResponse":
        raise ValueError("It is no answer of getTrackingData.")
    result = next((child for child in told if child.tag.casefold() == "trackingresult"), None)
    if result is None:
        return Tracking("", "", ())
    return Tracking(
        _item(result.find("shipmentInfo/serviceDescription")).text,
        _item(result.find("shipmentInfo/predictInformation")).text,
        tuple(_status(status) for status in result.findall("statusInfo")),
    )


def _status(told: Element) -> Status:
    return Status(
        soap.text_at(told, "status"),
        _item(told.find("description")).text,
        soap.text_at(told, "statusHasBeenReached") in ("true", "1"),
        soap.text_at(told, "location/content"),
        soap.text_at(told, "date/content"),
        tuple(_item(item) for kind in ("errorItems", "importantItems") for item in told.findall(kind)),
        tuple(_item(item) for item in told.findall("normalItems")),
    )


def _item(told: Element | None) -> Item:
    if told is None:
        return Item("", (), "")
    lines = (soap.text_at(line, "content") for line in told.findall("content"))
    return Item(
        soap.text_at(told, "label/content"), tuple(line for line in lines if line), soap.text_at(told, "linkTarget")
    )
