"""What every integration is described by, and the four ways in which a third party fails us."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec


class Failure(Exception):
    """One of the four below, never raised itself. No message holds a secret, or a body as it was answered."""


class Refused(Failure):
    """The third party says that this very request is wrong: the same again would be refused again.

    `code` and `message` are its own words, without secrets and cut to a line.
    """

    def __init__(self, code: str | None, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}" if code else message)


class Unauthorised(Failure):
    """The credentials are wrong, expired, or lack a right; only the merchant can mend it."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class Busy(Failure):
    """Too many calls, or a pause for maintenance: come back `after` seconds, None where that wasn't said."""

    def __init__(self, after: float | None) -> None:
        self.after = after
        super().__init__("busy" if after is None else f"busy, for {after:g} more seconds")


class Unreachable(Failure):
    """No usable answer: the network, the way out, a fault of the server's, or what can't be read.

    `reason` is a short sentence part, such as `timeout` or `answered 502`.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class NotFound(msgspec.Struct, frozen=True):
    """A good answer: the third party knows nothing of what was asked for, or nothing yet."""


class Kind(StrEnum):
    """The kinds of integrations, each a folder; all of one kind keep one contract."""

    CARRIERS = "carriers"
    SHOPS = "shops"
    MARKETING = "marketing"
    HELPDESKS = "helpdesks"
    CHANNELS = "channels"


CAPABILITIES: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {Kind.CARRIERS: frozenset({"track", "register", "push", "any_carrier", "test_clock"})}
)
"""What an integration may say that it can, by kind; each word has its meaning in the contract of the kind."""


class CredentialField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of the form that connects a merchant's account, be it a secret or a setting.

    `pattern` is matched against the whole value. A field with a `default`, or that is `optional`, may be left
    out; a `sensitive` one is never shown again.
    """

    name: str
    label: str
    help: str
    pattern: str = ".+"
    sensitive: bool = False
    optional: bool = False
    default: str | None = None


class Pace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast one account may be used; None is no limit. `batch` is how many things one call can ask for."""

    calls_per_second: float | None = None
    calls_per_day: int | None = None
    concurrency: int = 1
    batch: int = 1


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an integration says of itself in `manifest.toml`.

    `name` is what people call it. `pace_fields` names the credential field in which a merchant states a greater
    limit, by the member of the pace that it raises. `carriers` has, by reference in Karla's catalogue, what the
    provider calls each carrier that it tracks (empty where it doesn't ask); a provider with the capability
    `any_carrier` tracks others too. Parcels whose number begins with the `number_prefix`, in capitals, are this
    provider's, whatever their carrier. `languages` are those in which it can answer, two letters each.
    """

    slug: str
    kind: Kind
    name: str
    capabilities: tuple[str, ...]
    credentials: tuple[CredentialField, ...]
    pace: Pace
    documentation: str
    languages: tuple[str, ...] = ()
    pace_fields: Mapping[str, str] = {}
    carriers: Mapping[str, str] = {}
    number_prefix: str = ""
