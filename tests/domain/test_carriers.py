from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from karla.domain.shipments.rules.carriers import infer, nearest, unknown_carriers
from karla.vocabulary.carriers import CARRIERS, TRACKERS, tracking_url
from karla.vocabulary.carriers.names import carrier_names

CASES = Path(__file__).parents[1] / "support" / "carrier_cases.jsonl"


class Case(msgspec.Struct):
    tracking_company: str | None
    tracking_number: str | None
    tracking_url: str | None
    country: str | None
    expect: str | None
    kind: str
    accept: list[str | None] = []


def wrong(case: Case) -> bool:
    got = infer(case.tracking_number, case.tracking_url, case.tracking_company, case.country)
    return got not in (case.accept or [case.expect])


def test_all_evaluation_cases_are_read_right() -> None:
    cases = msgspec.json.Decoder(Case).decode_lines(CASES.read_bytes())
    assert len(cases) == 60
    assert [case for case in cases if wrong(case)] == []


@pytest.mark.parametrize(
    ("number", "country", "carrier"),
    [
        ("1Z999AA10123456784", None, "ups"),
        ("1z 999 aa1 01 2345 6784", "DE", "ups"),
        ("00340434161094042557", None, "dhl"),
        ("464982208053", "DE", "dhl"),
        ("610112345679", "DE", "gls"),
        ("JJD000390007654321098", "DE", "dhl"),
        ("09980000020033F", "DE", "dpd"),
        ("01015026003653", "DE", "dpd"),
        ("3318810025", "DE", "dhlexp"),
        ("JD014600003456789012", "DE", "dhlexp"),
        ("JD0002123456789012", "GB", "yodel"),
        ("JJD0002123456789012", "GB", "yodel"),
        ("RB123456785GB", "DE", "royalmail"),
        ("CB123456785GB", "DE", "parcelforce"),
        ("RB123456785DE", "US", "depost"),
        ("EB123456785FR", "DE", "chronopost"),
        ("EB123456785CN", "DE", "china_ems"),
        ("9400111201080805483016", "US", "usps"),
        ("9261290113185417468510", "US", "usps"),
        ("420221539101026837331000039521", None, "usps"),
        ("1001921334250001000300779017972697", None, "fedex"),
        ("9611020987654312345672", None, "fedex"),
        ("TBA709882022529", "US", "amz"),
        ("DE5012345678", "DE", "amz"),
        ("3SABCD1234567", "DE", "postnl"),
        ("99.60.123456.12345678", "CH", "swisspost"),
        ("1234/12345678", "ES", "nacex"),
        ("JVGL0123456789012345", "DE", "dhl_nl"),
        ("320595463938", "CA", "purolator"),
    ],
)
def test_a_number_with_a_check_digit_or_plain_prefix_names_its_carrier(
    number: str, country: str | None, carrier: str
) -> None:
    assert infer(number, country=country) == carrier


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("", None),
        ("1", None),
        ("12345678", "FR"),
        ("123456789", "GB"),
        ("ORDER123", "DE"),
        ("ABHOLUNG", "DE"),
        ("1Z999AA10123456785", "DE"),
        ("00340434161094042558", "DE"),
        ("00012345000000000027", "DE"),
        ("RB123456784GB", "GB"),
        ("RB123456785ZZ", "DE"),
        ("09133131530724", "DE"),
        ("201298452277", "DE"),
        ("320595463938", "DE"),
        ("DE5012345678", None),
        ("4126280246356613", "DE"),
        ("2026-11-21", "DE"),
        ("0034 0434; 1610 9404", "DE"),
        ("#1001", "DE"),
        ("none", None),
    ],
)
def test_a_number_that_may_be_anybodys_names_nobody(number: str, country: str | None) -> None:
    assert infer(number, country=country) is None


@pytest.mark.parametrize(
    ("company", "country", "carrier"),
    [
        ("UPS Germany", None, "ups"),
        ("DHL Paket GmbH", None, "dhl"),
        ("dhl", "DE", "dhl"),
        ("DHL", "NL", "dhl_nl"),
        ("Versand mit DHL", "DE", "dhl"),
        ("DHL Paket (bis 10 kg)", "DE", "dhl"),
        ("GLS Slovensko", "SK", "gls_sk"),
        ("Hermes", "DE", "hrs"),
        ("Hermes", "GB", "evri"),
        ("La Poste", "FR", "la_poste"),
        ("La Poste", "CH", "swisspost"),
        ("Posten", "SE", "postnord_se"),
        ("Posten", "NO", "posten_norge"),
        ("Royal Mail Special Delivery Guaranteed by 1pm", "GB", "royalmail"),
        ("FedEx International Priority®", "US", "fedex"),
        ("Österreichische Post AG - Paket Österreich", "AT", "postat"),
        ("Oesterreichische Post", "AT", "postat"),
        ("BRT Corriere Espresso Srl", "IT", "brt"),
        ("InPost Paczkomat 24/7", "PL", "inpost"),
        ("Kuehne Nagel", "DE", "kuehne_nagel"),
        ("dhlexp", "DE", "dhlexp"),
        ("depost", "DE", "depost"),
    ],
)
def test_a_company_is_known_by_its_names(company: str, country: str | None, carrier: str) -> None:
    assert infer(None, tracking_company=company, country=country) == carrier


@pytest.mark.parametrize("country", [None, "DE", "FR", "GB"])
@pytest.mark.parametrize(
    "company",
    [
        "own fleet",
        "Standardversand",
        "pickup in store",
        "pickup",
        "Selbstabholung",
        "Eigene Lieferung",
        "Local delivery",
        "Kostenloser Versand",
        "Express",
        "Express Courier",
        "Spedition",
        "Paket",
        "Same Day",
        "Same Day Delivery",
        "Collect",
        "Point relais",
        "Livraison à domicile",
        "Corriere espresso",
        "Envío estándar",
        "GmbH",
        "Other",
        "Hermes oder DHL",
        "DHL / UPS",
        "DHL - Hermes",
        "Spring delivery in April",
        "Relay point",
        "Early bird offer",
        "DHLX",
        "Upsell",
        "GLS Gebäudereinigung",
        "Sendcloud",
        "17TRACK",
        "dhl_old",
        "",
        "-",
    ],
)
def test_words_that_name_no_carrier_stay_quiet(company: str, country: str | None) -> None:
    assert infer(None, tracking_company=company, country=country) is None


@pytest.mark.parametrize(
    ("url", "carrier"),
    [
        ("https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode=1", "dhl"),
        ("http://nolp.dhl.de/nextt-online-public/set_identcodes.do?idc=1", "dhl"),
        ("https://www.dhl.com/de-de/home/tracking.html?tracking-id=00340434161094042557", "dhl"),
        ("https://www.dhl.com/gb-en/home/tracking/tracking-express.html?tracking-id=1", "dhlexp"),
        ("dhl.de/xx", "dhl"),
        ("https://my.dpd.de/redirect.aspx?parcelno=1", "dpd"),
        ("https://www.dpdgroup.com/be/mydpd/my-parcels/track?parcelNumber=1", "dpd_be"),
        ("https://gls-group.eu/FR/fr/suivi-colis?match=1", "gls_fr"),
        ("https://gls-group.eu/EU/en/parcel-tracking?match=1", "gls"),
        ("https://www.laposte.fr/outils/suivre-vos-envois?code=6A12345678901", "colissimo"),
        ("https://www.fedex.com/apps/fedextrack/?tracknumbers=1", "fedex"),
        ("https://t.17track.net/en#nums=1Z999AA10123456784", "ups"),
        ("https://brand.aftership.com/dhl-germany/00340434161094042557", "dhl"),
        ("https://t.17track.net/en#nums=12345", None),
        ("https://shop.example.com/track/1Z999AA10123456784", None),
        ("https://evildhl.de/?x=1", None),
        ("https://dhl.de.example.com/?x=1", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_a_carriers_own_page_names_it(url: str, carrier: str | None) -> None:
    assert infer(None, url) == carrier


def test_the_page_is_trusted_before_the_number_and_the_number_before_the_company() -> None:
    page = "https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode=1"
    assert infer("1Z999AA10123456784", page, "Hermes", "DE") == "dhl"
    assert infer("1Z999AA10123456784", None, "Hermes", "DE") == "ups"
    assert infer("1Z999AA10123456784", None, "UPS Germany", "DE") == "ups"
    assert infer("12345", None, "Hermes", "DE") == "hrs"


def test_one_check_digit_alone_does_not_outweigh_the_company() -> None:
    assert infer("986578788855", country="DE") == "fedex"
    assert infer("986578788855", None, "GLS", "DE") == "gls"


def test_the_company_chooses_among_its_brands_by_the_number() -> None:
    assert infer("3318810025", None, "DHL", "DE") == "dhlexp"
    assert infer("09133131530724", None, "Hermes", "DE") == "hrs"
    assert infer("201298452277", None, "DHL", "DE") == "dhl"
    assert infer("00012345000000000027", None, "FedEx Ground", "US") == "fedex"
    assert infer("M1214155903", None, "GLS", "IT") == "gls_it"
    assert infer("610112345679", None, "GLS Austria", "AT") == "gls_at"
    assert infer("4126280246356613", None, "myHermes", "GB") == "evri"


def test_no_aggregator_and_no_legacy_reference_is_ever_inferred() -> None:
    never = TRACKERS | {"dhl_old"}
    for carrier in CARRIERS.values():
        for name in (carrier.name, *carrier.aliases, carrier.reference):
            assert infer(None, carrier.tracking_url, name, carrier.country) not in never


def test_every_curated_carrier_is_found_by_its_own_name() -> None:
    curated = [carrier for carrier in CARRIERS.values() if carrier.curated]
    expected = {c.reference for c in curated} - TRACKERS - {"dhl_old"}
    found = {infer(None, None, carrier.name, carrier.country) for carrier in curated} - {None}
    assert expected == found


def test_the_catalogue_is_whole() -> None:
    assert len(CARRIERS) == 1804
    assert {"amz", "brt", "dhl", "dhl_old", "dhl2man", "dpdn", "goexp", "hrs", "rhe", "asendia_de"} <= set(CARRIERS)
    assert CARRIERS["dhl"].name == "DHL Paket"
    assert CARRIERS["dhl"].checks == ("mod10_31", "identcode_49", "-", "s10")
    assert all(len(c.number_patterns) == len(c.checks) for c in CARRIERS.values())
    assert all("{number}" in c.tracking_url for c in CARRIERS.values() if c.tracking_url)
    assert carrier_names()["unitedparcelservice"] == "ups"


def test_a_tracking_url_holds_the_number_and_nothing_else_of_it() -> None:
    assert tracking_url("ups", " 1Z999AA10123456784 ") == "https://www.ups.com/track?tracknum=1Z999AA10123456784"
    assert tracking_url("ups", "1&a=b/#") == "https://www.ups.com/track?tracknum=1%26a%3Db%2F%23"
    assert tracking_url("ptt", "1") is None
    assert tracking_url("nobody", "1") is None


def test_an_unknown_reference_gets_suggestions() -> None:
    assert nearest("dhl_express")[0] == "dhlexp"
    assert nearest("Hermes")[0] == "hrs"
    assert nearest("fedx")[0] == "fedex"
    assert len(nearest("dpd_d", limit=2)) == 2
    assert nearest("qqqqqqqq") == ()
    assert nearest("dhl_express".ljust(64))
    assert nearest("dhl_express".ljust(65)) == ()


def test_every_unknown_reference_is_a_fault_and_the_first_ten_of_a_request_get_a_hint() -> None:
    hinted: set[str] = set()
    told = [(("body", place), reference) for place, reference in enumerate(("dhll", "dhl", None, "qqqqqqqq"))]
    faults = unknown_carriers(told, hinted)
    assert [(fault.loc, fault.type) for fault in faults] == [
        (("body", 0), "carrier_reference_invalid"),
        (("body", 3), "carrier_reference_invalid"),
    ]
    assert [fault.msg for fault in faults] == [
        f"Unknown carrier; did you mean {' or '.join(nearest('dhll'))}?",
        "Unknown carrier",
    ]
    later = unknown_carriers([(("body",), f"fedx{n % 20}") for n in range(40)], hinted)
    assert ["did you mean" in fault.msg for fault in later] == ([True] * 8 + [False] * 12) * 2
    assert "did you mean" in unknown_carriers([(("body",), "dhll")], hinted)[0].msg


@given(
    st.one_of(st.none(), st.text(max_size=60)),
    st.one_of(st.none(), st.text(max_size=60), st.from_regex(r"https?://[a-z.]{0,20}/[a-z0-9?=&%#\[\]]{0,30}")),
    st.one_of(st.none(), st.text(max_size=60)),
    st.one_of(st.none(), st.text(max_size=3)),
)
def test_no_input_upsets_the_inference(
    number: str | None, url: str | None, company: str | None, country: str | None
) -> None:
    assert infer(number, url, company, country) in {None, *CARRIERS}
