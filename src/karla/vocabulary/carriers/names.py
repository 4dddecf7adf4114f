"""What carriers' names mean: folded, by country, and as a brand's family."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from karla.vocabulary.carriers.catalogue import CARRIERS


def folded_words(text: str) -> list[str]:
    """Split a text into words without accents, case and punctuation; initials grow together (U.P.S.)."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = re.sub(r"(?<=\w)\+(?=\s|$)", " plus", plain)  # Collect+ is more than "Collect"
    plain = re.sub(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)|['’`´]", "", plain)
    return re.findall(r"[^\W_]+", plain)


_FAMILY_PREFIXES: Final = {
    "amazon_shipping_": "amz",
    "aramex_": "aramex",
    "asendia_": "asendia",
    "bpost_": "bpost",
    "dhl_": "dhl",
    "dpd_": "dpd",
    "fedex_": "fedex",
    "gls_": "gls",
    "inpost_": "inpost",
    "mondial_relay": "inpost",
    "ninjavan_": "ninja_van",
    "postnord_": "postnord",
    "swiship": "amz",
    "tnt_": "tnt",
    "ups_": "ups",
}
_FAMILY_MEMBERS: Final = {
    "china_post": "china_ems",
    "correos": "correos_express",
    "ctt": "ctt_express",
    "dhl": "dhl2man dhlexp depost",
    "dpd": "dpdn dpduk brt seur speedy",
    "elta": "elta_courier",
    "hrs": "borderguru evri hermes_2mh myhermes_at",
    "la_poste": "colissimo chronopost",
    "ontrac": "lasership",
    "bring": "posten_norge",
    "poczta_polska": "pocztex",
    "poste_italiane": "sda",
    "postnl": "netherlands_post postnl_inter",
    "postnord": "denmark_post",
    "royalmail": "parcelforce",
    "ups": "i_parcel",
    "usps": "usps_ic",
}

S10_BRANDS: Final[Mapping[str, Mapping[str, str]]] = {
    "DE": {"R": "depost", "L": "depost", "C": "dhl"},
    "FR": {"R": "la_poste", "L": "la_poste", "C": "colissimo", "E": "chronopost"},
    "GB": {"C": "parcelforce", "E": "parcelforce"},
}
"""Posts with several brands: the first letter of an S10 number names the brand."""

NATIONAL_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "einschreiben": {"AT": "postat", "CH": "swisspost"},
    "correos": {"CL": "correos_chile", "CR": "correos_de_costa_rica", "MX": "correos_mexico"},
    "dhl": {"NL": "dhl_nl"},
    "dhlparcel": {"ES": "dhl_es", "GB": "dhl_uk", "NL": "dhl_nl", "PL": "dhl_pl"},
    "hermes": {"AT": "myhermes_at", "GB": "evri"},
    "inpost": {"ES": "inpost_es", "FR": "mondial_relay", "GB": "inpost_uk", "IT": "inpost_it"},
    "laposte": {"CH": "swisspost"},
    "myhermes": {"AT": "myhermes_at", "DE": "hrs"},
    "post": {"AT": "postat", "CH": "swisspost", "LU": "post_lu"},
    "posten": {"SE": "postnord_se"},
    "swiship": {"ES": "swiship_es", "FR": "swiship_fr", "GB": "swiship_uk"},
}
"""Folded names that mean another carrier in another country."""

HOME_NAMES: Final = frozenset(
    folded_words("acs apc besttransport bring ctt dao directlink dx gw ids kn mpl posten ppl sda sps tof"),
)
"""Everyday names that at home also count with words of service beside them."""

EVERYDAY_NAMES: Final = HOME_NAMES | frozenset(
    folded_words(
        "allegro angel arco chrono crono dragonfly earlybird intime landmark overseas packs panther passport"
        " post poste prioritymail relay ruch sameday sending speedy spring toll veloce wish"
    )
)
"""Names that are words of their own: they count only when nothing but a country stands beside them."""

SERVICE_NAMES: Final = frozenset({"ems", "ordinary", "prioritymail", "registered"})
"""Carriers' names that are also what posts call a service of theirs (Japan Post EMS)."""

COUNTRY_OF: Final[Mapping[str, str]] = {
    word: words[:2].upper()
    for words in (
        "at austria österreich oesterreich autriche",
        "au australia",
        "bg bulgaria bulgarien",
        "be belgium belgien belgie belgique",
        "ca canada kanada",
        "ch switzerland schweiz suisse svizzera",
        "cn china",
        "cz czechia czechrepublic tschechien cesko",
        "de germany deutschland allemagne alemania germania",
        "dk denmark dänemark danmark",
        "ee estonia estland eesti",
        "es spain spanien españa espagne",
        "fi finland finnland suomi",
        "fr france frankreich francia",
        "gb uk greatbritain unitedkingdom grossbritannien england",
        "gr greece griechenland hellas",
        "hr croatia kroatien hrvatska",
        "hu hungary ungarn magyarország",
        "ie ireland irland",
        "it italy italien italia",
        "lt lithuania litauen lietuva",
        "lv latvia lettland latvija",
        "lu luxembourg luxemburg",
        "nl netherlands niederlande nederland paysbas",
        "no norway norwegen norge",
        "pl poland polen polska",
        "pt portugal",
        "ro romania rumänien",
        "se sweden schweden sverige",
        "si slovenia slowenien slovenija",
        "sk slovakia slowakei slovensko",
        "us usa unitedstates",
    )
    for word in folded_words(words)
}
LEGAL_FORMS: Final = frozenset(
    folded_words(
        "ab ag aps as bv co company corp group gmbh gruppe holding inc kg kgaa limited llc llp ltd mbh nv"
        " ohg oy oyj plc sa sarl sas se sl spa spzoo srl sro ug und and"
    )
)


@cache
def families() -> Mapping[str, str]:
    """Map a carrier's reference to its brand's; a carrier without sisters is not in it."""
    heads = {ref: head for prefix, head in _FAMILY_PREFIXES.items() for ref in CARRIERS if ref.startswith(prefix)}
    for head, members in _FAMILY_MEMBERS.items():
        heads.update(dict.fromkeys(members.split(), head))
    return MappingProxyType(heads)


@cache
def carrier_names() -> Mapping[str, str]:
    """Map every name and alias, folded and without blanks, to its carrier's reference.

    Also AfterShip's slugs of curated carriers, where nobody is called so: shops' tools write them.
    """
    names = {}
    for carrier in CARRIERS.values():
        for name in (carrier.name, *carrier.aliases):
            names["".join(folded_words(name))] = carrier.reference
    for carrier in CARRIERS.values():
        if carrier.curated and carrier.aftership_slug:
            names.setdefault("".join(folded_words(carrier.aftership_slug)), carrier.reference)
    return MappingProxyType(names)
