"""What makes a key, a slug and a grant good, and who may manage which key."""

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from karla.domain.tenants.records import EVERY_SHOP, Key, KeyGrant, KeyTerms, Principal, Reach, Shop, ShopMembers
from karla.infra.errors import Conflict, Fault, Forbidden, Invalid
from karla.vocabulary.scope import Role

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
SLUG_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
"""A slug stands in paths and in host names, so it is a DNS label."""

RESERVED_SLUGS = frozenset({"api", "app", "www", "docs", "public", "portal", "mcp", "static", "track", "resolve"})
"""Names that hosts of ours may have, so no shop may."""

USERNAME = re.compile(r"[^:\x00-\x20\x7f]{1,100}")
"""A user name ends at the colon of HTTP Basic, so it has none; nor has it anything that can't be seen."""

LATEST_EXPIRY = datetime(2200, 1, 1, tzinfo=UTC)
"""A later end would be none, and its successor's could leave the calendar."""

EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,255}")

_SLUG_TEXT = "must be 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end"


def key_hash(key: str) -> bytes:
    """What of a key is stored: keys are 256 random bits, so a plain SHA-256 can't be turned back."""
    return hashlib.sha256(key.encode()).digest()


def key_hint(key: str) -> str:
    """As much of a key as helps its owner to tell it from others."""
    return f"{key[:10]}…{key[-4:]}"


def demand_shop_slug(slug: str) -> None:
    """Invalid when no shop may be called so."""
    _demand_slug(slug, "slug")
    if slug in RESERVED_SLUGS:
        fault = Fault(("body", "slug"), f"{slug!r} is reserved", "slug_reserved")
        raise Invalid("slug_invalid", f"The slug {slug!r} is reserved for Karla itself.", [fault])


def demand_organisation_slug(slug: str) -> None:
    """Invalid when no organisation may be called so."""
    _demand_slug(slug, "organization")


def _demand_slug(slug: str, field: str) -> None:
    if not SLUG.fullmatch(slug):
        fault = Fault(("body", field), f"A slug {_SLUG_TEXT}", "slug_invalid")
        raise Invalid("slug_invalid", f"The {field} {slug!r} is not a slug: it {_SLUG_TEXT}.", [fault])


def demand_organisation_admin(principal: Principal, organisation: str) -> None:
    """Forbidden unless the key administers all of exactly this organisation."""
    if principal.organisation != organisation or principal.role_in_organisation is not Role.ADMIN:
        raise Forbidden(message=f"This key does not administer the organisation {organisation!r}.")


def demand_reach(reach: Reach, organisation_id: UUID, shop_ids: Iterable[UUID | None]) -> None:
    """Forbidden unless these shops of the organisation lie within reach; None is every shop, or one unknown."""
    if reach.organisation_id != organisation_id or not (reach.shops is None or reach.shops.issuperset(shop_ids)):
        raise Forbidden(message="This key does not administer every shop that the managed key is for.")


def demand_grants(grants: Sequence[KeyGrant], known: Collection[str]) -> None:
    """Invalid unless there are grants, each for another shop, and each shop is known."""
    if not grants:
        fault = Fault(("body", "shops"), "A key needs at least one shop", "too_short")
        raise Invalid("shops_missing", "A key needs at least one shop.", [fault])
    faults = []
    seen: set[str] = set()
    for place, grant in enumerate(grants):
        loc = ("body", "shops", place, "shop_slug")
        if grant.shop_slug in seen:
            faults.append(Fault(loc, f"{grant.shop_slug!r} stands twice", "duplicate"))
        elif grant.shop_slug != EVERY_SHOP and grant.shop_slug not in known:
            faults.append(Fault(loc, f"The organisation has no shop {grant.shop_slug!r}", "shop_not_found"))
        seen.add(grant.shop_slug)
    if faults:
        raise Invalid(faults[0].type, f"{faults[0].msg}.", faults)


def username_of(asked: str | None, grants: Sequence[KeyGrant], organisation: str) -> str:
    """The user name of a new key: the one asked for, else its only shop's slug, else the organisation's.

    Invalid when the one asked for can't be sent by HTTP Basic.
    """
    if asked is None:
        single = len(grants) == 1 and grants[0].shop_slug != EVERY_SHOP
        return grants[0].shop_slug if single else organisation
    if not USERNAME.fullmatch(asked):
        text = "must be 1 to 100 characters without spaces, colons and control characters"
        fault = Fault(("body", "username"), f"A user name {text}", "username_invalid")
        raise Invalid("username_invalid", f"The user name {text}.", [fault])
    return asked


def demand_terms(terms: KeyTerms, at_most: int | None, now: datetime) -> None:
    """Invalid for an end that is over, and for a limit above `at_most`, the one of every key; it names both."""
    faults: list[tuple[Fault, str]] = []
    if terms.expires_at is not None and terms.expires_at <= now:
        fault = Fault(("body", "expires_at"), "Must lie in the future", "datetime_in_past")
        faults.append((fault, "A key can't expire before it is made."))
    elif terms.expires_at is not None and terms.expires_at > LATEST_EXPIRY:
        fault = Fault(("body", "expires_at"), f"Must lie before {LATEST_EXPIRY.year}", "datetime_out_of_range")
        faults.append((fault, f"A key expires before {LATEST_EXPIRY.year}, or never."))
    if terms.requests_per_minute is not None and at_most is not None and terms.requests_per_minute > at_most:
        fault = Fault(("body", "requests_per_minute"), f"Must be at most {at_most}", "less_than_equal")
        faults.append((fault, f"No key may make more than {at_most} requests a minute here."))
    if faults:
        raise Invalid(message=" ".join(text for _, text in faults), faults=[fault for fault, _ in faults])


def demand_rotatable(key: Key, now: datetime) -> None:
    """Conflict for a key that is at its end already."""
    if key.revoked_at is not None:
        raise Conflict("key_revoked", "The key is revoked; create a new one.")
    if key.replaced_by is not None:
        raise Conflict("key_rotated", f"The key is replaced already, by {key.replaced_by}.")
    if key.expires_at is not None and key.expires_at <= now:
        raise Conflict("key_expired", "The key has expired; create a new one.")


def successor(old: Key, new_id: UUID, hint: str, now: datetime) -> Key:
    """The key that takes the place of one: with its user name, grants, limit and length of life."""
    expires_at = old.expires_at and now + (old.expires_at - old.created_at)
    return msgspec.structs.replace(old, id=new_id, hint=hint, created_at=now, expires_at=expires_at, last_used_at=None)


def replaced(old: Key, new: Key, ends_at: datetime) -> Key:
    """A key that another has taken the place of: it ends then, or before if it was to."""
    ends_at = ends_at if old.expires_at is None else min(old.expires_at, ends_at)
    return msgspec.structs.replace(old, replaced_by=new.id, expires_at=ends_at)


def changed(shop: Shop, changes: ShopMembers) -> Shop:
    """The shop as the changes want it; Invalid when they want it in another organisation."""
    given = {name: value for name, value in changes.items() if value is not None}
    if given.pop("organization", shop.organisation) != shop.organisation:
        fault = Fault(("body", "organization"), "A shop stays in its organisation", "unchangeable")
        raise Invalid("organization_invalid", "A shop can't be moved to another organisation.", [fault])
    return msgspec.structs.replace(shop, **given)


def email_of(text: str) -> str:
    """The address as it is stored and compared; Invalid when it is none."""
    if not EMAIL.fullmatch(text):
        fault = Fault(("body", "email_id"), "Must be an e-mail address", "email_invalid")
        raise Invalid("email_invalid", f"{text!r} is not an e-mail address.", [fault])
    return text.lower()


def demand_known_shops(shops: Iterable[str], known: Collection[str]) -> None:
    """Invalid for a slug that no shop of the organisation has."""
    faults = [
        Fault(("body", "shops", place), f"The organisation has no shop {slug!r}", "shop_not_found")
        for place, slug in enumerate(shops)
        if slug not in known
    ]
    if faults:
        raise Invalid("shop_not_found", f"{faults[0].msg}.", faults)
