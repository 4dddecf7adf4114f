"""AfterShip as one who tracks any carrier: which calls answer what is asked of it."""

import hmac
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from karla.integrations.calling import Calling
from karla.integrations.carriers.aftership import places, signing
from karla.integrations.carriers.aftership.answers import Tracking, tracking_in
from karla.integrations.carriers.aftership.client import Client
from karla.integrations.carriers.contract import Answer, Carrier, Parcel, Pushed, Pusher, Raw, Registrar
from karla.integrations.contract import Failure, Manifest, NotFound, Refused, Unreachable
from karla.vocabulary.carriers import CARRIERS

_EXISTS = "4003"


class _Push(msgspec.Struct, frozen=True):
    """What all of AfterShip's events share: `msg` is the tracking."""

    event: str
    msg: msgspec.Raw


class Adapter(Carrier, Registrar, Pusher):
    """One organisation's key, and the secret of its webhooks."""

    def __init__(self, _manifest: Manifest, credentials: Mapping[str, str], calling: Calling) -> None:
        self._client = Client(credentials["address"], credentials["api_key"], calling)
        self._secret = credentials.get("webhook_secret")

    async def try_credentials(self) -> None:
        """The newest tracking is asked for, and nothing of it but its tag."""
        await self._client.any_tracking()

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One call for all of them."""
        known = defaultdict(list)
        for raw in await self._client.trackings([*dict.fromkeys(_number(parcel) for parcel in parcels)]):
            tracking = _tracking(raw)
            known[tracking.tracking_number.upper()].append((tracking, raw))
        return [_answer(known[_number(parcel)], parcel) for parcel in parcels]

    async def register(self, parcels: Sequence[Parcel]) -> list[Failure | None]:
        """One call a parcel: AfterShip takes one at a time. After a failure of another kind no further one is made."""
        outcomes: list[Failure | None] = []
        for parcel in parcels:
            try:
                await self._client.create(_wanted(parcel))
            except Refused as refused:
                outcomes.append(None if refused.code == _EXISTS else refused)
            except Failure as failure:
                if not outcomes:
                    raise
                return [*outcomes, *[failure] * (len(parcels) - len(outcomes))]
            else:
                outcomes.append(None)
        return outcomes

    def verify_push(self, headers: Mapping[str, str], body: bytes) -> bool:
        """By the account's webhook secret; without one nothing is believed."""
        told = headers.get(signing.HEADER, "")
        return bool(self._secret) and hmac.compare_digest(
            told.encode(), signing.signature(self._secret or "", body).encode()
        )

    def read_push(self, body: bytes) -> list[Pushed]:
        """Updates, new estimates and long silence all bring the whole tracking."""
        raw = bytes(msgspec.json.decode(body, type=_Push).msg)
        tracking = tracking_in(raw)
        return [Pushed(tracking.tracking_number, tracking.slug, Raw(raw))]

    def carrier_name(self, reference: str) -> str | None:
        """The slug that the catalogue has."""
        return _slug(reference)


def _number(parcel: Parcel) -> str:
    """As AfterShip keeps it."""
    return "".join(parcel.tracking_number.split()).upper()


def _slug(reference: str | None) -> str | None:
    carrier = CARRIERS.get(reference or "")
    return carrier.aftership_slug or None if carrier else None


def _wanted(parcel: Parcel) -> dict[str, str]:
    """What AfterShip needs to know of a parcel, nothing of its receiver but country and postal code."""
    told = {
        "tracking_number": _number(parcel),
        "slug": _slug(parcel.carrier_reference),
        "destination_country_region": places.alpha3(parcel.destination_country),
        "destination_postal_code": parcel.destination_postal_code,
        "origin_country_region": places.alpha3(parcel.origin_country),
        "language": parcel.language,
    }
    return {name: value for name, value in told.items() if value}


def _tracking(raw: bytes) -> Tracking:
    try:
        return tracking_in(raw)
    except msgspec.ValidationError:
        pass
    raise Unreachable("answered JSON of another form than documented")


def _answer(found: Sequence[tuple[Tracking, bytes]], parcel: Parcel) -> Answer:
    """The tracking of the parcel's carrier, else of its country, else AfterShip's first; NotFound before a scan."""
    slug, country = _slug(parcel.carrier_reference), places.alpha3(parcel.destination_country)
    fitting = sorted(found, key=lambda one: (one[0].slug != slug, one[0].destination_country_region != country))
    return Raw(fitting[0][1]) if fitting and fitting[0][0].checkpoints else NotFound()
