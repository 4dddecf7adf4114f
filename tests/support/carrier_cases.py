"""Evaluation cases of the matcher of carriers, drawn at random: synthetic numbers, decorated names, tracking pages."""

import re
from collections.abc import Iterator
from random import Random
from typing import Final
from urllib.parse import urlsplit

import msgspec

from karla.domain.shipments.rules.check_digits import CHECKS
from karla.vocabulary.carriers import CARRIERS, TRACKERS, Carrier
from karla.vocabulary.carriers.names import EVERYDAY_NAMES

DIGITS: Final = "0123456789"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NEVER: Final = TRACKERS | {"dhl_old"}


class Case(msgspec.Struct, frozen=True):
    """One line of an evaluation file; right is an answer in `accept`, or `expect` where that is empty."""

    tracking_company: str | None
    tracking_number: str | None
    tracking_url: str | None
    country: str | None
    expect: str | None
    kind: str
    accept: list[str | None] = []


# --- numbers

_ATOM: Final = re.compile(r"(\(\?:00\)\?|\\[dw]|\[[^\]]+\]|[A-Z0-9/])(?:\{(\d+)(?:,(\d+))?\}|(\?))?")


def _characters(atom: str) -> str:
    return "".join(char for char in DIGITS + LETTERS + "/" if re.fullmatch(atom.replace(r"\w", "[A-Z0-9]"), char))


def drawn(pattern: str, rule: str, random: Random) -> str | None:
    """A number of this format with a right check character; None where this draw allows none."""
    text = ""
    for atom, least, most, optional in _ATOM.findall(pattern.strip("^$")):
        if atom.startswith("("):
            text += random.choice(("00", ""))
            continue
        low = 0 if optional else int(least or 1)
        times = random.randint(low, int(most or (1 if optional else low)))
        text += "".join(random.choice(_characters(atom)) for _ in range(times))
    if rule == "-":
        return text
    place = 10 if rule == "s10" else len(text) - 1
    for char in DIGITS + LETTERS:
        number = f"{text[:place]}{char}{text[place + 1 :]}"
        if re.fullmatch(pattern, number) and CHECKS[rule](number):
            return number
    return None


def competing(number: str, rule: str) -> bool:
    """Whether the check digit of another rule for numbers of this form is right as well."""
    rules = {
        check
        for carrier in CARRIERS.values()
        for pattern, check in zip(carrier.number_patterns, carrier.checks, strict=True)
        if check not in ("-", rule) and re.fullmatch(pattern, number)
    }
    return any(CHECKS[other](number) for other in rules)


def number_of(pattern: str, rule: str, random: Random) -> str:
    """A number of this format that only this rule is right for."""
    while (number := drawn(pattern, rule, random)) is None or competing(number, rule):
        pass
    return number


def as_written(number: str, random: Random) -> str:
    """The same number as people write it: in groups, in lower case, with something around it."""
    groups = [number[i : i + 4] for i in range(0, len(number), 4)]
    return random.choice(
        (number, number, number, number.lower(), f" {number} ", " ".join(groups), "-".join(groups), ".".join(groups))
    )


_POSTS: Final = {
    "DE": {"R": "depost", "L": "depost", "C": "dhl"},
    "FR": {"R": "la_poste", "L": "la_poste", "E": "chronopost"},
    "GB": {"R": "royalmail", "C": "parcelforce", "E": "parcelforce"},
    "CN": {"R": "china_post", "E": "china_ems"},
}
_DESTINATIONS: Final = ("DE", "AT", "FR", "NL", "US", "GB", "IT", "ES")
_FIXED: Final = re.compile(r"(?<![\\\[])[A-Z0-9]{2}|\^[A-Z]\\d\{10\}")


def _can_be_told(carrier: Carrier, pattern: str, rule: str) -> bool:
    """Whether a number of this format says whose it is: a check digit of one carrier at home, or a fixed prefix."""
    digits_only = re.fullmatch(r"\^\\d\{\d+\}\$", pattern)
    if carrier.reference in ("japan_post", "yamato", "sagawa"):  # the same digits and rule in the same country
        return not digits_only
    shared = r"^\d{20}$", r"^[A-Z]{2}\d{9}"
    if rule != "-":
        return not pattern.startswith(shared)
    fixed = re.match(r"\^(?:\(\?:00\)\?)?([A-Z0-9]+)", pattern)
    places = len(fixed[1]) if fixed else 0
    return places >= 3 or (places == 2 and not fixed[1].isdigit() and carrier.reference != "amz") if fixed else False


def _forms() -> list[tuple[Carrier, str, str]]:
    return [
        (carrier, pattern, rule)
        for carrier in CARRIERS.values()
        if carrier.curated and carrier.reference not in NEVER and carrier.kind != "aggregator"
        for pattern, rule in zip(carrier.number_patterns, carrier.checks, strict=True)
        if _can_be_told(carrier, pattern, rule)
    ]


def kin(reference: str) -> list[str | None]:
    """Carriers of the same numbers that are as right an answer: a brand's national company, a post's other brand."""
    forms = set(CARRIERS[reference].number_patterns) - {r"^\d{12}$", r"^\d{10}$", r"^\d{9}$", r"^\d{11}$", r"^\d{13}$"}
    return [
        carrier.reference
        for carrier in CARRIERS.values()
        if carrier.reference == reference or forms & set(carrier.number_patterns)
    ]


def number_cases(random: Random, count: int) -> Iterator[Case]:
    """A number alone, with its destination."""
    forms = _forms()
    for _ in range(count):
        if random.random() < 0.15:
            country = random.choice([*_POSTS])
            letter = random.choice([*_POSTS[country]])
            pattern = rf"^{letter}[A-Z]\d{{9}}{country}$"
            number, expect = number_of(pattern, "s10", random), _POSTS[country][letter]
            yield Case(None, as_written(number, random), None, random.choice(_DESTINATIONS), expect, "number")
            continue
        carrier, pattern, rule = random.choice(forms)
        number = number_of(pattern, rule, random)
        country = carrier.country or random.choice(_DESTINATIONS)
        accept = kin(carrier.reference)
        yield Case(None, as_written(number, random), None, country, carrier.reference, "number", accept)


# --- companies

_SHORT_OR_EVERYDAY: Final = EVERYDAY_NAMES | {"hp", "panther", "pin", "rm"}
_DECORATIONS: Final = (
    "{}", "{}", "{} Standard", "{} Express", "{} GmbH", "{} International", "{} Economy", "{} (Standard)",
    "{} - Standard", "{} Tracked 48", "{} Next Day Delivery", "{} ParcelShop drop off", "{} Premium Versand",
    "Versand mit {}", "Standardversand ({})", "Versand per {}", "Kostenloser Versand mit {}", "{} Paketshop-Abgabe",
    "{} Haustürzustellung", "{} (bis 5 kg)", "{} 24h", "{} Nachnahme", "{} Livraison à domicile", "Livraison {}",
    "{} en point relais", "{} envío urgente", "Envío con {}", "{} 24 horas", "{} corriere espresso", "Spedizione {}",
    "{} consegna rapida", "{} verzending", "{} thuisbezorging", "Kurier {}", "{} kurier - pobranie",
    "{} pakke til hjem", "{}®", "{} Ltd.", "{} e-commerce", "{} National", "{} Europe", "{} home delivery (2-4 days)",
    "{} Zustellung am Samstag", "{} signed for",
)  # fmt: skip


def _name_alone(name: str) -> bool:
    """Latin letters, and nothing that must stand by itself."""
    folded = re.sub(r"[\W_]", "", name.casefold())
    return name.isprintable() and name.isascii() and len(folded) >= 3 and folded not in _SHORT_OR_EVERYDAY


def _styled(name: str, random: Random) -> str:
    return random.choice((name, name, name.upper(), name.lower()))


def company_cases(random: Random, count: int) -> Iterator[Case]:
    """The name of a carrier as shops write it, with words of service around it."""
    carriers = [carrier for carrier in CARRIERS.values() if carrier.curated and carrier.reference not in NEVER]
    for _ in range(count):
        carrier = random.choice(carriers)
        name = random.choice([one for one in (carrier.name, *carrier.aliases) if _name_alone(one)] or [carrier.name])
        plain = not _name_alone(name)
        company = _styled(name if plain else random.choice(_DECORATIONS).format(name), random)
        country = carrier.country or random.choice(_DESTINATIONS)
        yield Case(company, None, None, country, carrier.reference, "company")


# --- tracking pages


def url_cases(random: Random, count: int) -> Iterator[Case]:
    """A carrier's own page, with a number of its in the path or the query; kin share hosts."""
    carriers = [
        carrier
        for carrier in CARRIERS.values()
        if carrier.curated and carrier.tracking_url and carrier.reference not in NEVER
    ]
    for _ in range(count):
        carrier = random.choice(carriers)
        forms = [*zip(carrier.number_patterns, carrier.checks, strict=True)]
        number = number_of(*random.choice(forms), random) if forms else str(random.randint(10**9, 10**12))
        url = carrier.tracking_url.replace("{number}", number)
        url = random.choice(
            (url, url, url.replace("https://", "http://"), url.removeprefix("https://"), f"{url}&lang=en")
        )
        country = carrier.country or random.choice(_DESTINATIONS)
        yield Case(None, None, url, country, carrier.reference, "url", _on_the_same_host(carrier))


def _on_the_same_host(carrier: Carrier) -> list[str | None]:
    """Carriers whose pages can't be told apart: of one brand, or one company, on one host."""
    host = urlsplit(carrier.tracking_url).hostname
    brand = carrier.reference.split("_")[0]
    sisters = [
        other.reference
        for other in CARRIERS.values()
        if urlsplit(other.tracking_url).hostname == host and other.reference.startswith(brand)
    ]
    return [carrier.reference, brand, *sisters]


# --- several clues

_PLAIN: Final = (
    "dhl",
    "dpd",
    "gls",
    "ups",
    "usps",
    "evri",
    "swisspost",
    "postnl",
    "bpost",
    "fedex",
    "canada_post",
    "inpost",
)


def mixed_cases(random: Random, count: int) -> Iterator[Case]:
    """A page before a number, a number before a company, a company that is none beside them."""
    forms = [form for form in _forms() if form[0].reference in _PLAIN]
    for _ in range(count):
        carrier, pattern, rule = random.choice(forms)
        country = carrier.country or random.choice(_DESTINATIONS)
        number = number_of(pattern, rule, random)
        page = carrier.tracking_url.replace("{number}", number)
        accept = kin(carrier.reference)
        other = random.choice([CARRIERS[ref].name for ref in _PLAIN if ref != carrier.reference])
        match random.randrange(4):
            case 0:
                yield Case(other, None, page, country, carrier.reference, "mixed", accept)
            case 1:
                yield Case(carrier.name, number, None, country, carrier.reference, "mixed", accept)
            case 2:
                yield Case(random.choice(WORDS), number, None, country, carrier.reference, "mixed", accept)
            case _:
                yield Case(
                    carrier.name, str(random.randint(1, 10**7)), None, country, carrier.reference, "mixed", accept
                )


# --- nobody

WORDS: Final = (
    "own fleet", "our driver", "in-house courier", "pickup in store", "Click & Collect", "Local pickup",
    "Collection in person", "Standard Shipping", "Free shipping", "Express", "Next Day Delivery", "Economy",
    "Courier", "Freight forwarder", "Pallet delivery", "First class", "Registered Mail", "Home delivery",
    "Parcel locker", "Other", "Manual", "n/a", "Download", "Spring sale delivery", "Relay point", "Early bird offer",
    "Toll free shipping", "Wish list", "Passport photos", "Eigene Flotte", "Abholung im Laden", "Selbstabholung",
    "Standardversand", "Expressversand", "Kostenloser Versand", "Spedition", "Speditionslieferung", "Paketdienst",
    "Kurier", "Botendienst", "Lieferung frei Haus", "Sonstige", "Gutschein per E-Mail", "2-Mann-Handling", "Päckchen",
    "Fahrradkurier", "Lieferung bis Bordsteinkante", "Livraison gratuite", "Livraison à domicile", "Point relais",
    "Retrait en magasin", "Coursier à vélo", "Transporteur", "Remise en main propre", "Colis suivi", "Envoi standard",
    "Livraison express 24h", "Envío gratis", "Envío estándar", "Envío a domicilio", "Recogida en tienda",
    "Mensajería local", "Transporte propio", "Entrega en mano", "Paquetería", "Envío urgente 24 horas",
    "Spedizione gratuita", "Corriere espresso", "Ritiro in negozio", "Consegna a mano", "Gratis verzending",
    "Afhalen in de winkel", "Eigen bezorging", "Odbiór osobisty", "Przesyłka kurierska", "Hämta i butik", "Fri frakt",
    "Afhentning i butik", "Nouto myymälästä", "Osobní odběr", "Személyes átvétel", "Ridicare din magazin",
)  # fmt: skip
_NO_NUMBERS: Final = (
    r"^[1-9]\d{3}$", r"^[1-9]\d{4}$", r"^[1-9]\d{5}$", r"^ORDER\d{6}$", r"^INV\d{8}$", r"^[A-Z]{2,4}\d{4}$",
    r"^GUTSCHEIN\d{4}$",
)  # fmt: skip
_NO_PAGES: Final = (
    "https://shop.example.com/orders/{}", "https://www.example.de/sendung?nr={}", "https://myshop.example/track/{}",
    "https://dhl.example.com/track/{}", "https://parcelsapp.com/en/tracking/{}", "https://t.17track.net/en#nums={}",
)  # fmt: skip
_COUNTRIES: Final = ("DE", "AT", "CH", "FR", "GB", "ES", "IT", "NL", "BE", "PL", "SE", "DK", "CZ", "US", None)


def negative_cases(random: Random, count: int) -> Iterator[Case]:
    """Ways of sending that are nobody's name, order numbers, pages of shops and of trackers."""
    for _ in range(count):
        word, country = _styled(random.choice(WORDS), random), random.choice(_COUNTRIES)
        number = drawn(random.choice(_NO_NUMBERS), "-", random)
        page = random.choice(_NO_PAGES).format(number)
        match random.randrange(5):
            case 0:
                yield Case(None, number, None, country, None, "negative")
            case 1:
                yield Case(None, number, page, country, None, "negative")
            case 2:
                yield Case(word, number, None, country, None, "negative")
            case _:
                yield Case(word, None, None, country, None, "negative")
