"""Whether a domain leads to this Karla, for its shop: how that is proven, and what is told of it."""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from karla.domain.branding.records import DomainStatus, PageDomain
from karla.infra.sealing import derived_key

PROOF_PATH = "/.well-known/karla-domain"
LAPSE = timedelta(days=14)
"""After which a domain that never led here is anybody's again."""
ELSEWHERE = "elsewhere"
"""The problem of a domain where something answers that isn't this Karla."""
NOT_PUBLIC = "not_public"

_CHALLENGE = re.compile(r"[0-9a-f]{32}")
_PREFIX = "karla-domain-1 "
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(hours=6)

PROBLEMS = {
    "dns": "The domain has no address in DNS.",
    "connect": "Nobody answers at the domain's address.",
    "gateway": "Nobody answers at the domain's address.",
    "tls": "There is no valid certificate for the domain.",
    "timeout": "The domain's server takes too long to answer.",
    "reset": "The domain's server hung up.",
    "protocol": "What the domain's server answers isn't HTTP.",
    NOT_PUBLIC: "The domain's address in DNS is not a public one.",
    ELSEWHERE: "The domain leads to a server that isn't this Karla, or that doesn't pass the host name on.",
}
"""What can stand against a domain, by key, in words for its shop."""


class ProofKeys(msgspec.Struct, frozen=True):
    """The keys that proofs are made by, the newest first."""

    keys: tuple[bytes, ...]

    @classmethod
    def of(cls, secrets: Sequence[str]) -> "ProofKeys":
        """From Karla's secret keys, the newest first."""
        return cls(tuple(derived_key(secret, "proofs of domains") for secret in secrets))


def is_challenge(text: str) -> bool:
    """Whether a proof may be asked with this."""
    return _CHALLENGE.fullmatch(text) is not None


def proof(keys: ProofKeys, shop_id: UUID, domain: str, challenge: str) -> str:
    """What this Karla answers under a domain that is this shop's, and nobody else can."""
    return _PREFIX + _mac(keys.keys[0], shop_id, domain, challenge)


def proves(keys: ProofKeys, shop_id: UUID, domain: str, challenge: str, answer: str) -> bool:
    """Whether an answer is the proof, made by any of the keys: another process may have a newer one."""
    given = answer.strip().encode()
    expected = [(_PREFIX + _mac(key, shop_id, domain, challenge)).encode() for key in keys.keys]
    return any(hmac.compare_digest(given, one) for one in expected)


def status_of(domain: PageDomain) -> DomainStatus:
    """What a domain is good for."""
    if domain.proven_at is None:
        return DomainStatus.PENDING
    return DomainStatus.ACTIVE if domain.problem is None else DomainStatus.LOST


def next_check(domain: PageDomain, now: datetime) -> datetime:
    """Soon after it was claimed every minute, then ever more seldom; a proven one is looked after each hour."""
    if domain.proven_at is not None:
        return now + timedelta(hours=1)
    return now + min(max((now - domain.claimed_at) / 20, _SOONEST), _LATEST)


def _mac(key: bytes, shop_id: UUID, domain: str, challenge: str) -> str:
    return hmac.digest(key, "\0".join((str(shop_id), domain, challenge)).encode(), "sha256").hex()
