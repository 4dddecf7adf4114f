"""Manifests: every fault is named, and what follows from a good one."""

import pytest

from karla.integrations import manifests, registry
from karla.integrations.contract import Kind, Pace
from karla.integrations.manifests import ManifestInvalid

GOOD = """
slug = "acme"
kind = "carriers"
name = "Acme"
capabilities = ["track"]
documentation = "https://acme.example.com/api"
languages = ["en"]

[pace]
calls_per_second = 2
calls_per_day = 100

[pace_fields]
calls_per_day = "calls_per_day"

[[credentials]]
name = "api_key"
label = "API key"
help = "16 letters."
pattern = "[a-z]{16}"
sensitive = true

[[credentials]]
name = "calls_per_day"
label = "Calls a day"
help = "A whole number."
pattern = "[1-9][0-9]*"
optional = true

[[credentials]]
name = "address"
label = "API address"
help = "https://host"
pattern = "https?://.+"
default = "https://api.acme.example.com"

[carriers]
dhl = ""
"""
ACME = manifests.read(GOOD, Kind.CARRIERS, "acme")
KEY = "abcdefghijklmnop"


def faults_of(text: str, slug: str = "acme") -> list[str]:
    with pytest.raises(ManifestInvalid) as caught:
        manifests.read(text, Kind.CARRIERS, slug)
    assert all(fault in str(caught.value) for fault in caught.value.faults)
    return caught.value.faults


@pytest.mark.parametrize("slug", registry.slugs(Kind.CARRIERS))
def test_every_manifest_of_the_registry_is_good(slug: str) -> None:
    about = registry.manifest(Kind.CARRIERS, slug)
    assert (about.slug, about.kind) == (slug, Kind.CARRIERS)


def test_what_is_no_toml_is_said_so() -> None:
    (fault,) = faults_of("slug = ")
    assert fault.startswith("it is not TOML")


def test_every_fault_of_form_is_named() -> None:
    text = GOOD.replace('name = "Acme"\n', "").replace("calls_per_second = 2", 'calls_per_second = "x"')
    text = text.replace("sensitive = true", 'sensitive = "yes"').replace('kind = "carriers"', 'kind = "boats"')
    told = "\n".join(faults_of("colour = 1\n" + text))
    for part in ("name: is missing", "colour: is no member", "credentials[0]: ", "kind: ", "pace: "):
        assert part in told


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('slug = "acme"', 'slug = "other"', "slug: is 'other' in the folder 'acme'"),
        ('["track"]', '["fly"]', "capabilities: 'fly' is none that carriers have"),
        ('"https://acme', '"http://acme', "documentation: is neither an https:// address nor a page of docs/"),
        ('["en"]', '["english"]', "languages: 'english' is not two lower-case letters"),
        ('dhl = ""', 'nobody = ""', "carriers: 'nobody' is not in the catalogue of carriers"),
        ('dhl = ""', "", "carriers: none is named, and the capability 'any_carrier' is not either"),
        ("calls_per_second = 2", "calls_per_second = 0", "pace.calls_per_second: is not above 0"),
        (
            'calls_per_day = "calls_per_day"',
            'calls_a_day = "key"',
            "pace_fields: 'calls_a_day' is no member of the pace",
        ),
        (
            'calls_per_day = "calls_per_day"',
            'calls_per_day = "key"',
            "pace_fields: 'key' is no field of the credentials",
        ),
        ('name = "address"', 'name = "api_key"', "credentials.api_key: is there twice"),
        ('name = "address"', 'name = "API"', "credentials.API: a name has lower-case letters"),
        ('pattern = "[a-z]{16}"', 'pattern = "[a-z"', "credentials.api_key: the pattern is not one"),
        ('"https://api.acme', '"ftp://api.acme', "credentials.address: the default doesn't match the pattern"),
        ("sensitive = true", 'sensitive = true\ndefault = "x"', "credentials.api_key: a secret has no default"),
    ],
)
def test_a_fault_of_sense_is_named(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    assert any(told.startswith(fault) for told in faults_of(GOOD.replace(old, new)))


def test_faults_of_sense_come_together() -> None:
    text = (
        GOOD.replace('["track"]', '["fly"]')
        .replace('["en"]', '["x"]')
        .replace("calls_per_day = 100", "concurrency = 0")
    )
    assert len(faults_of(text)) == 3


def test_credentials_are_checked_field_by_field() -> None:
    given = {"api_key": "TOO SHORT", "calls_per_day": 5, "address": "", "colour": "red"}
    found = {fault.loc[-1]: (fault.type, fault.msg) for fault in manifests.credential_faults(ACME, given)}
    assert found == {
        "colour": ("value", "Is no field of Acme"),
        "api_key": ("pattern", "Doesn't look like API key: 16 letters."),
        "calls_per_day": ("string_type", "Calls a day must be text"),
    }
    (missing,) = manifests.credential_faults(ACME, {})
    assert (missing.loc, missing.msg) == (("body", "credentials", "api_key"), "API key is needed")
    assert manifests.credential_faults(ACME, {"api_key": KEY}) == []


def test_defaults_are_filled_in() -> None:
    full = manifests.with_defaults(ACME, {"api_key": KEY, "calls_per_day": ""})
    assert full == {"api_key": KEY, "address": "https://api.acme.example.com"}


def test_secrets_are_masked() -> None:
    assert manifests.masked(ACME, {"api_key": KEY, "calls_per_day": "9"}) == {
        "api_key": "••••mnop",
        "calls_per_day": "9",
    }
    assert manifests.masked(ACME, {"api_key": "short"}) == {"api_key": "••••"}
    assert manifests.secrets_of(ACME, {"api_key": KEY, "calls_per_day": "9"}) == (KEY,)


def test_a_merchant_may_state_a_greater_pace() -> None:
    assert manifests.pace_of(ACME, {"api_key": KEY}) == Pace(calls_per_second=2, calls_per_day=100)
    assert manifests.pace_of(ACME, {"calls_per_day": "5000"}) == Pace(calls_per_second=2, calls_per_day=5000)


def test_the_registry_knows_who_tracks_a_carrier() -> None:
    assert registry.trackers("dhlexp")[0] == "dhl"
    with pytest.raises(registry.IntegrationUnknown):
        registry.manifest(Kind.CARRIERS, "nobody")
