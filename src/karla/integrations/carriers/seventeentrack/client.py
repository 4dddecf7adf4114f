"""17TRACK's HTTP interface: Tracking API 2.2."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from karla.integrations.calling import Calling, Dialect, Request, words_at
from karla.integrations.contract import Busy, Failure, Refused, Unauthorised, Unreachable

NUMBERS_A_CALL = 40
ALREADY_REGISTERED, NOT_REGISTERED, NOTHING_KNOWN = -18019901, -18019902, -18019909

_DIALECT = Dialect(words=words_at("data.errors.0.code", "data.errors.0.message"))
_NO_RIGHT = MappingProxyType(
    {
        -18010001: "this address is not on the account's list of allowed IP addresses",
        -18010002: "the access key is not valid",
        -18010004: "the account is disabled",
        -18010005: "the account has no access",
        -18019908: "the account's quota of numbers has run out",
    }
)
_FAULTS, _DAILY_LIMIT = -18010003, -18019907
# Its own sentences repeat the number; these don't.
_WORDS = MappingProxyType(
    {
        -18010011: "a value is not one that 17TRACK takes",
        -18010012: "the number is not of a form that 17TRACK takes",
        -18010013: "the request is not of a form that 17TRACK takes",
        -18010014: "there are more than 40 numbers",
        -18010018: "the carrier also needs the receiver's country and postal code",
        -18010019: "the carrier also needs the receiver's postal code",
        -18010020: "the carrier also needs the receiver's phone number",
        -18010022: "the carrier also needs the day of shipment",
        -18019903: "17TRACK can't tell the carrier by the number",
        -18019910: "17TRACK has no such carrier",
        -18019911: "17TRACK takes no numbers of this carrier at the moment",
    }
)


class Error(msgspec.Struct, frozen=True):
    """One of the documented codes, all of them negative."""

    code: int = 0


class Rejected(msgspec.Struct, frozen=True):
    """A number that nothing was done for."""

    number: str = ""
    carrier: int | None = None
    error: Error = Error()


class Outcome(msgspec.Struct, frozen=True):
    """What became of the numbers of a call: of those accepted what is told, each byte by byte."""

    accepted: tuple[msgspec.Raw, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    errors: tuple[Error, ...] = ()


class _Envelope(msgspec.Struct, frozen=True):
    code: int
    data: Outcome | None = None


class Client:
    """One account."""

    def __init__(self, address: str, api_key: str, calling: Calling) -> None:
        self._url = f"{address}/track/v2.2"
        self._headers = {"17token": api_key, "Content-Type": "application/json"}
        self._calling = calling

    async def quota(self) -> None:
        """How many numbers are left; it costs none. A Failure."""
        await self._posted("getquota", None)

    async def register(self, numbers: Sequence[Mapping[str, str | int]]) -> Outcome:
        """Have up to 40 numbers followed; a Failure."""
        return await self._posted("register", numbers)

    async def track_info(self, numbers: Sequence[Mapping[str, str | int]]) -> Outcome:
        """What is known of up to 40 numbers; a Failure."""
        return await self._posted("gettrackinfo", numbers)

    async def _posted(self, call: str, numbers: Sequence[Mapping[str, str | int]] | None) -> Outcome:
        body = None if numbers is None else msgspec.json.encode(numbers)
        request = Request(method="POST", url=f"{self._url}/{call}", headers=self._headers, body=body)
        told = (await self._calling.call(request, _DIALECT)).json(_Envelope)
        data = told.data or Outcome()
        if code := next((error.code for error in data.errors), told.code):
            raise failure_of(code)
        return data


def failure_of(code: int) -> Failure:
    """What a code of 17TRACK's means, of a whole call or of one number."""
    if code in _NO_RIGHT:
        return Unauthorised(_NO_RIGHT[code])
    if code == _DAILY_LIMIT:
        return Busy(None)
    if code == _FAULTS:
        return Unreachable("answered a fault of its own")
    return Refused(str(code), _WORDS.get(code, "17TRACK rejected it"))
