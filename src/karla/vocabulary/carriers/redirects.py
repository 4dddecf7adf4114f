"""Whose tracking pages let a receiver have a parcel brought elsewhere, or on another day."""

from typing import Final

from karla.vocabulary.carriers.catalogue import tracking_url

_BY_COUNTRY: Final = {
    "everywhere": ("dhlexp", "fedex", "fedex_uk", "ups"),
    "AT": ("dpd_at", "gls_at", "postat"),
    "BE": ("bpost", "dpd_be", "gls_be"),
    "CH": ("dpd_ch", "swisspost"),
    "CZ": ("ppl",),
    "DE": ("dhl", "dpd", "gls", "hrs"),
    "DK": ("gls_dk", "postnord", "postnord_dk"),
    "ES": ("correos", "seur"),
    "FI": ("postnord_fi",),
    "FR": ("chronopost", "colissimo", "dpd_fr", "gls_fr", "la_poste"),
    "GB": ("dpd_local", "dpduk", "evri", "royalmail"),
    "LU": ("dpd_lu",),
    "NL": ("dhl_nl", "dpdn", "gls_nl", "postnl"),
    "NO": ("postnord_no",),
    "SE": ("postnord_se",),
}

REDIRECTING: Final = frozenset(reference for references in _BY_COUNTRY.values() for reference in references)
"""Carriers whose page about a parcel, found by its number alone, leads on to changing its delivery."""


def redirect_url(reference: str | None, number: str) -> str | None:
    """Where the receiver may change the delivery; None where the carrier has no such page that we know of."""
    return tracking_url(reference, number) if reference in REDIRECTING and reference else None
