"""The closed list of carriers: what each is called, where it is tracked, what its numbers look like."""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

_CURATED_ROWS: Final = 420
"""The first rows of the catalogue are set by hand; the rest comes from public carrier lists."""

TRACKERS: Final = frozenset({"aftership", "packlink", "parcelsapp", "sendcloud", "seventeen_track", "shippypro", "upu"})
"""Rows that show other carriers' parcels: never the carrier of a shipment."""

_TRACKER_HOSTS: Final = (
    "17track.com 17track.net aftership.com globaltracktrace.ptc.post ordertracker.com packagetrackr.com"
    " packlink.com packlink.de packlink.es packlink.fr packlink.it paketda.de parcelmonitor.com"
    " parcelsapp.com parcello.org parcelperform.com postal.ninja sendcloud.com sendcloud.sc sendcloud.de"
    " ship24.com shippypro.com track24.net track718.com trackingmore.com upu.int"
)
_NO_CARRIER_HOSTS: Final = frozenset({"ebay.com", "facebook.com"})
_FURTHER_HOSTS: Final = {
    "amazon.co.uk": "amz",
    "amazon.de": "amz",
    "amazon.es": "amz",
    "amazon.fr": "amz",
    "amazon.it": "amz",
    "dhlecs.com": "dhl_ecommerce_us",
    "dpd.co.uk": "dpduk",
    "dpd.de": "dpd",
    "dpdlocal.co.uk": "dpd_local",
    "gls-pakete.de": "gls",
    "hermes-europe.co.uk": "evri",
    "hermesworld.com": "hrs",
    "mydhl.express.dhl": "dhlexp",
    "myhermes.co.uk": "evri",
}
"""Hosts that the catalogue's columns `website` and `tracking_url` don't hold."""


class Carrier(msgspec.Struct, frozen=True):
    """A row of the catalogue.

    `country` is the home country (ISO 3166 alpha-2), empty where international; `kind` a hint.
    `number_patterns` are anchored and meant for a number without blanks, hyphens and dots, in upper
    case; `checks` runs parallel to it and names a check-digit rule, `-` where none is trusted.
    `tracking_url` holds `{number}`, or is empty.
    """

    reference: str
    name: str
    aliases: tuple[str, ...]
    country: str
    kind: str
    website: str
    tracking_url: str
    number_patterns: tuple[str, ...]
    checks: tuple[str, ...]
    aftership_slug: str
    seventeentrack_key: str
    curated: bool


class NumberPattern(msgspec.Struct, frozen=True):
    """One number format of one carrier.

    `bits` says how much of the format is fixed: 0 for bare digits, 3.3 for each fixed digit, 4.7 for
    each fixed letter. `lettered` is true where a place must hold a letter.
    """

    reference: str
    regex: str
    check: str
    first: frozenset[str]
    bits: float
    lettered: bool


class Place(msgspec.Struct, frozen=True):
    """A carrier's claim on a host; `home` is false where only its tracking template stands there."""

    reference: str
    home: bool
    path: tuple[str, ...]


def _load() -> Mapping[str, Carrier]:
    table = files("karla.vocabulary").joinpath("carriers.tsv").read_text(encoding="utf-8")
    carriers = {}
    for row, line in enumerate(table.splitlines()[1:]):
        reference, name, aliases, country, kind, website, url, patterns, checks, slug, key = line.split("\t")
        carriers[reference] = Carrier(
            reference=reference,
            name=name,
            aliases=_listed(aliases),
            country=country,
            kind=kind,
            website=website,
            tracking_url=url,
            number_patterns=_listed(patterns),
            checks=_listed(checks),
            aftership_slug=slug,
            seventeentrack_key=key,
            curated=row < _CURATED_ROWS,
        )
    return MappingProxyType(carriers)


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


CARRIERS: Final[Mapping[str, Carrier]] = _load()


def tracking_url(reference: str, number: str) -> str | None:
    """Return the carrier's public tracking page for a number, None where we know of none."""
    carrier = CARRIERS.get(reference)
    if carrier is None or not carrier.tracking_url:
        return None
    return carrier.tracking_url.replace("{number}", quote(number.strip(), safe=""))


def folded_words(text: str) -> list[str]:
    """Split a text into words without accents, case and punctuation; initials grow together (U.P.S.)."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = re.sub(r"(?<=\w)\+(?=\s|$)", " plus", plain)  # Collect+ is more than "Collect"
    plain = re.sub(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)|['’`´]", "", plain)
    return re.findall(r"[^\W_]+", plain)


# --- what carriers' names mean

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

EVERYDAY_NAMES: Final = frozenset(
    folded_words(
        "acs angel apc ctt crono dao dx earlybird gw ids kn mpl packs passport post poste posten ppl"
        " prioritymail relay ruch sda sending speedy sps spring tof toll veloce wish"
    )
)
"""Names that are words of their own: they count only when nothing but a country stands beside them."""

COUNTRY_OF: Final[Mapping[str, str]] = {
    word: words[:2].upper()
    for words in (
        "at austria österreich oesterreich autriche",
        "au australia",
        "be belgium belgien belgie belgique",
        "ca canada kanada",
        "ch switzerland schweiz suisse svizzera",
        "cn china",
        "cz czechia czechrepublic tschechien cesko",
        "de germany deutschland allemagne alemania germania",
        "dk denmark dänemark danmark",
        "es spain spanien españa espagne",
        "fi finland finnland suomi",
        "fr france frankreich francia",
        "gb uk greatbritain unitedkingdom grossbritannien england",
        "gr greece griechenland hellas",
        "hr croatia kroatien hrvatska",
        "hu hungary ungarn magyarország",
        "ie ireland irland",
        "it italy italien italia",
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
SERVICE_WORDS: Final = frozenset(
    folded_words(
        # English
        "standard express economy premium priority prio plus classic basic saver fast rapid direct next same"
        " day days hour hours overnight morning evening saturday business b2b b2c private international"
        " national domestic worldwide global intl int eu europe european tracked tracking signed signature"
        " registered recorded insured untracked mail letter parcel parcels package packages packet delivery"
        " deliveries shipping shipment service services courier couriers carrier freight cargo logistics"
        " transport post home door dropoff pickup point points shop parcelshop servicepoint locker lockers"
        " collect store ground air small medium large return returns ecommerce cod ddp dap free via by with"
        " and the"
        # German
        " versand versandkostenfrei standardversand expressversand lieferung expresslieferung zustellung"
        " paket pakete päckchen paketversand paketdienst paketshop packstation filiale abgabe abholung brief"
        " sendung kurier kurierdienst spedition logistik nachnahme samstag werktag inland ausland weltweit"
        " versichert versicherter gogreen mit per und bis klein gross haustür wunschtag"
        # French
        " livraison colis suivi rapide domicile relais gratuite recommandé transporteur expédition"
        " internationale"
        # Spanish and Portuguese
        " envío entrega urgente mensajería paquetería paquete nacional internacional gratis encomenda"
        # Italian
        " spedizione corriere consegna espresso pacco pacchi rapido gratuita internazionale nazionale"
        # Dutch
        " verzending bezorging pakket brievenbuspakje avond levering thuis gratis aangetekend"
        # Polish and Czech
        " kurierska przesyłka dostawa paczka standardowa doručení balík"
        # Nordic
        " frakt leverans hemleverans ombud pakke levering hjemmelevering fragt toimitus"
    )
)
"""Words beside a carrier's name that don't change whose name it is."""


@cache
def families() -> Mapping[str, str]:
    """Map a carrier's reference to its brand's; a carrier without sisters is not in it."""
    heads = {ref: head for prefix, head in _FAMILY_PREFIXES.items() for ref in CARRIERS if ref.startswith(prefix)}
    for head, members in _FAMILY_MEMBERS.items():
        heads.update(dict.fromkeys(members.split(), head))
    return MappingProxyType(heads)


@cache
def carrier_names() -> Mapping[str, str]:
    """Map every name and alias, folded and without blanks, to its carrier's reference."""
    names = {}
    for carrier in CARRIERS.values():
        for name in (carrier.name, *carrier.aliases):
            names["".join(folded_words(name))] = carrier.reference
    return MappingProxyType(names)


@cache
def carrier_hosts() -> Mapping[str, tuple[Place, ...]]:
    """Map a host (without `www.`) to the carriers that track on it; aggregators map to nobody."""
    hosts: dict[str, list[Place]] = defaultdict(list)
    for carrier in CARRIERS.values():
        template = urlsplit(carrier.tracking_url.split("{number}")[0])
        place = Place(carrier.reference, False, path_words(template.path))
        site = carrier.website.removeprefix("www.")
        host = (template.hostname or "").removeprefix("www.")
        if host:
            hosts[host].append(msgspec.structs.replace(place, home=host == site))
        if site and site != host:
            hosts[site].append(Place(carrier.reference, True, ()))
    hosts.update({host: [Place(reference, True, ())] for host, reference in _FURTHER_HOSTS.items()})
    hosts.update({host: [] for host in _TRACKER_HOSTS.split()})
    return MappingProxyType({k: tuple(v) for k, v in hosts.items() if k not in _NO_CARRIER_HOSTS})


def path_words(path: str) -> tuple[str, ...]:
    """Return the parts of a URL's path, in lower case."""
    return tuple(part.lower() for part in path.split("/") if part)


def number_patterns(number: str) -> list[NumberPattern]:
    """Return the formats that a number has (blanks, hyphens and dots removed, upper case).

    Check digits are not looked at.
    """
    formats = _formats()
    found = formats.get((len(number), ""), []) + formats.get((len(number), number[-2:]), [])
    return [f for f in found if number[0] in f.first and _compiled(f.regex).match(number)]


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex, re.ASCII)


@cache
def _formats() -> Mapping[tuple[int, str], list[NumberPattern]]:
    """All formats by length and, where they are fixed, the last two characters."""
    formats: dict[tuple[int, str], list[NumberPattern]] = defaultdict(list)
    for carrier in CARRIERS.values():
        for regex, check in zip(carrier.number_patterns, carrier.checks, strict=True):
            for variant in _variants(regex):
                parts = [*_parts(variant)]
                pattern = NumberPattern(
                    reference=carrier.reference,
                    regex=variant,
                    check=check,
                    first=parts[0][0],
                    bits=sum(_bits(chars) * least for chars, least, _ in parts),
                    lettered=any(not chars & _DIGITS for chars, _, _ in parts),
                )
                ending = [*parts[-1][0], *parts[-2][0]] if len(parts) > 1 else []
                ending_is_fixed = len(ending) == 2 and all(part[1:] == (1, 1) for part in parts[-2:])
                key = f"{ending[1]}{ending[0]}" if ending_is_fixed else ""
                for length in range(sum(part[1] for part in parts), sum(part[2] for part in parts) + 1):
                    formats[length, key].append(pattern)
    return formats


_DIGITS: Final = frozenset("0123456789")
_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_PART: Final = re.compile(r"(\\[dw]|\[[^\]]+\]|[A-Z0-9/])(?:\{(\d+)(?:,(\d+))?\}|(\?))?")
_OPTIONAL_START: Final = re.compile(r"^\^(?:\(\?:(\d+)\)\?|([A-Z])\{1,2\})")


def _variants(regex: str) -> list[str]:
    """Write out an optional start (`(?:00)?370...`, `J{1,2}D...`) as two patterns."""
    optional = _OPTIONAL_START.match(regex)
    if optional is None:
        return [regex]
    rest = regex[optional.end() :]
    doubled = optional[2] or ""
    return [f"^{doubled}{rest}", f"^{optional[1] or doubled * 2}{rest}"]


def _parts(regex: str) -> list[tuple[frozenset[str], int, int]]:
    """Split a pattern into (characters allowed, times at least, times at most)."""
    parts = []
    for atom, least, most, optional in _PART.findall(regex.removeprefix("^").removesuffix("$")):
        low = 0 if optional else int(least or 1)
        parts.append((_chars(atom), low, int(most or low or 1)))
    return parts


@cache
def _chars(atom: str) -> frozenset[str]:
    if atom.startswith("\\"):
        return _DIGITS if atom == r"\d" else _DIGITS | _LETTERS
    return frozenset(char for char in _DIGITS | _LETTERS | {"/"} if re.fullmatch(atom, char))


def _bits(chars: frozenset[str]) -> float:
    size = 10 if chars <= _DIGITS else 26 if chars <= _LETTERS else 36
    return math.log2(size / len(chars))
