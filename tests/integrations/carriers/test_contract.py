"""The one suite that every carrier of the registry passes, driven by its recordings against its stand-in."""

import ast
import asyncio
import logging
import re
from collections.abc import AsyncIterator
from importlib.resources import files

import msgspec
import pytest

from karla.infra.http.standin import Reply
from karla.infra.telemetry import REGISTRY
from karla.integrations import manifests, registry, tracking
from karla.integrations.carriers.contract import Answer, Parcel, Pusher, Raw, Registrar
from karla.integrations.contract import Busy, Failure, Kind, NotFound, Refused, Unauthorised, Unreachable
from karla.integrations.standins import PushingStandIn, Recording
from karla.integrations.statuses import StatusTable
from karla.vocabulary.events import CATALOGUE
from tests.integrations.carriers.playing import Playing, parcel_of, playing, recordings_of

SLUGS = registry.slugs(Kind.CARRIERS)
CALLED = [slug for slug in SLUGS if registry.manifest(Kind.CARRIERS, slug).credentials]
"""Those that are called; without credentials a provider makes its answers itself, and nobody can fail it."""
RECORDINGS = [pytest.param(slug, one, id=f"{slug}-{one.file}") for slug in SLUGS for one in recordings_of(slug)]
NOBODYS = Parcel(tracking_number="000000000000000000", registered=True)
SHOPPER = "Erika Mustermann, Heinrich-Heine-Allee 7"
ADAPTER_LINES = 120
OUTAGES = {
    "500": Reply(status=500, body=b"oops"),
    "502": Reply(status=502, headers={"Content-Type": "text/html"}, body=b"<h1>Bad Gateway</h1>"),
    "503": Reply(status=503),
    "a page": Reply(headers={"Content-Type": "text/html"}, body=b"<!doctype html><p>Maintenance</p>"),
    "a redirect": Reply(status=302, headers={"Location": "https://example.com/login"}),
}


@pytest.fixture(params=SLUGS)
async def played(request: pytest.FixtureRequest) -> AsyncIterator[Playing]:
    async with playing(request.param) as one:
        yield one


@pytest.fixture(params=CALLED)
async def called(request: pytest.FixtureRequest) -> AsyncIterator[Playing]:
    async with playing(request.param) as one:
        yield one


def expected(recording: Recording) -> bool:
    """Whether there is anything to read in it."""
    return bool(recording.events)


def any_parcel(played: Playing) -> Parcel:
    return next(parcel_of(one) for one in played.standin.recordings.all.values() if expected(one))


# Credentials


async def test_good_credentials_are_taken(played: Playing) -> None:
    given = played.standin.credentials(played.server.url)
    assert manifests.credential_faults(played.manifest, given) == []
    await played.account().try_credentials()
    assert bool(played.server.journal) == (played.slug in CALLED), "who was asked?"


async def test_wrong_credentials_are_told_apart_from_an_outage(called: Playing) -> None:
    wrong = called.standin.wrong_credentials(called.server.url)
    assert manifests.credential_faults(called.manifest, wrong) == []
    with pytest.raises(Unauthorised):
        await called.account(wrong).try_credentials()
    with pytest.raises(Unauthorised):
        await called.account(wrong).track([any_parcel(called)])
    await called.server.down()
    with pytest.raises(Unreachable):
        await called.account().try_credentials()


# Answers


@pytest.mark.parametrize(("slug", "recording"), RECORDINGS)
async def test_a_recording_is_handed_on_verbatim_and_read(slug: str, recording: Recording) -> None:
    parcel = parcel_of(recording)
    async with playing(slug) as played:
        (answer,) = await played.tracked(parcel)
        refused = [entry for entry in played.server.journal if entry.status not in (200, 201, 202, 204, 404)]
    assert not refused, "the stand-in refused a request, so it isn't as the provider documents it"
    if isinstance(answer, NotFound):
        assert not expected(recording)
        return
    assert isinstance(answer, Raw)
    assert answer.body == recording.body
    reading = tracking.read(slug, answer.body, parcel)
    assert tuple(name(scan.event_name, scan.raw_code, scan.raw_text, reading.unknown) for scan in reading.scans) == (
        recording.events
    )
    assert moment(reading.expected_from) == recording.expected_from
    assert moment(reading.expected_to) == recording.expected_to


def name(event: str | None, code: str | None, text: str, unknown: tuple[str, ...]) -> str:
    if event:
        return event
    return "?" if code in unknown or any(text[: len(one)] == one for one in unknown) else "-"


def moment(time: object) -> str:
    return str(time).replace(" ", "T") if time else ""


@pytest.mark.parametrize(("slug", "recording"), RECORDINGS)
def test_scans_are_dated_known_by_name_and_the_same_each_time(slug: str, recording: Recording) -> None:
    first = tracking.read(slug, recording.body, parcel_of(recording))
    again = tracking.read(slug, recording.body, parcel_of(recording))
    assert [scan.external_id for scan in first.scans] == [scan.external_id for scan in again.scans]
    assert len({scan.external_id for scan in first.scans}) == len(first.scans)
    assert [scan.event_time for scan in first.scans] == sorted(scan.event_time for scan in first.scans)
    for scan in first.scans:
        assert scan.event_time.tzinfo is not None
        assert scan.event_name is None or scan.event_name in CATALOGUE
        msgspec.json.encode([scan.location, scan.additional_info])


async def test_a_number_that_nobody_knows_is_no_failure(played: Playing) -> None:
    assert await played.tracked(NOBODYS) == [NotFound()]


async def test_a_story_keeps_the_identity_of_its_scans(played: Playing) -> None:
    one = next(one for one in played.standin.recordings.all.values() if len(one.events) > 1)
    other = f"{one.number[:-3]}999"
    played.standin.recordings.play(other, one.file)
    parcel = msgspec.structs.replace(parcel_of(one), tracking_number=other)
    seen = []
    for _ in range(2):
        (answer,) = await played.tracked(parcel)
        assert isinstance(answer, Raw)
        reading = tracking.read(played.slug, answer.body, parcel)
        seen.append([scan.external_id for scan in reading.scans])
    assert seen[0] == seen[1]


@pytest.mark.parametrize("slug", SLUGS)
def test_an_unknown_code_is_counted_and_never_guessed(slug: str) -> None:
    unknown = [one for one in recordings_of(slug) if "?" in one.events]
    assert unknown, "a recording with a code that the table doesn't know is wanted"
    for recording in unknown:
        before = counted(slug)
        reading = tracking.read(slug, recording.body, parcel_of(recording))
        assert reading.unknown
        assert counted(slug) == before + len(reading.unknown)
        assert sum(scan.event_name is None for scan in reading.scans) >= recording.events.count("?")


def counted(slug: str) -> float:
    return REGISTRY.get_sample_value("karla_carrier_unknown_codes_total", {"carrier": slug}) or 0.0


# Rate limit and outage


async def test_too_many_calls_are_busy(called: Playing) -> None:
    called.server.be_busy(times=None)
    with pytest.raises(Busy):
        await called.account().track([any_parcel(called)])
    with pytest.raises(Busy):
        await called.account().try_credentials()
    assert {call.failure for call in called.calls} == {"Busy"}


@pytest.mark.parametrize("outage", OUTAGES)
async def test_an_outage_is_unreachable(called: Playing, outage: str) -> None:
    called.server.answer(OUTAGES[outage], times=None)
    with pytest.raises(Unreachable):
        await called.account().track([any_parcel(called)])


async def test_a_cut_connection_is_unreachable(called: Playing) -> None:
    called.server.cut(times=None)
    with pytest.raises(Unreachable):
        await called.account().track([any_parcel(called)])


# Requests


async def test_the_stand_in_demands_what_the_client_sends(called: Playing) -> None:
    await called.tracked(any_parcel(called))
    asked = called.server.journal[-1].asked
    bare = msgspec.structs.replace(asked, headers={}, query={}, body=b"")
    assert 400 <= called.standin.answer(bare).status < 500


async def test_answers_come_in_the_order_asked(played: Playing) -> None:
    known = [one for one in played.standin.recordings.all.values() if expected(one)][
        : max(2, played.manifest.pace.batch - 1)
    ]
    parcels = [parcel_of(known[0]), NOBODYS, *(parcel_of(one) for one in known[1:])]
    answers = await played.tracked(*parcels)
    assert answers[1] == NotFound()
    told = [answers[0], *answers[2:]]
    assert [answer.body for answer in told if isinstance(answer, Raw)] == [one.body for one in known]


async def test_a_batch_is_one_call(played: Playing) -> None:
    batch = played.manifest.pace.batch
    known = [parcel_of(one) for one in played.standin.recordings.all.values() if expected(one)][:batch]
    account = played.account()
    await account.track(known[:1])
    before = len(played.server.journal)
    await account.track(known)
    assert len(played.server.journal) - before <= max(1, len(known) // batch) + 1


async def test_the_pace_is_kept(played: Playing) -> None:
    parcel, concurrency = any_parcel(played), played.manifest.pace.concurrency
    account = played.account()
    await account.track([parcel])
    await asyncio.gather(*(account.track([parcel]) for _ in range(concurrency)))
    assert played.server.most_at_once <= concurrency


# Secrets and shoppers


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422, 429, 500])
async def test_no_secret_and_no_shopper_gets_into_a_failure_or_a_log(
    called: Playing, status: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    given = called.standin.credentials(called.server.url)
    secrets = manifests.secrets_of(called.manifest, given)
    assert secrets, "which field is sensitive?"
    said = f"the key {' '.join(secrets)} is wrong"
    told = {"title": said, "detail": said, "message": said, "code": said, "errors": [{"code": said, "message": said}]}
    called.server.answer(Reply.json({**told, "receiver": {"name": SHOPPER}}, status), times=None)
    shown = []
    for outcome in (await outcome_of(called), await outcome_of(called)):
        assert isinstance(outcome, Failure)
        shown += [str(outcome), repr(outcome), repr(outcome.__dict__), repr(outcome.__context__)]
    captured = capfd.readouterr()
    everything = "\n".join([*shown, caplog.text, captured.out, captured.err])
    for hidden in (*secrets, SHOPPER, any_parcel(called).tracking_number):
        assert hidden not in everything


async def outcome_of(played: Playing) -> Answer:
    try:
        (answer,) = await played.account().track([any_parcel(played)])
    except Failure as failure:
        return failure
    return answer


async def test_a_refusal_is_about_its_parcel_alone_or_about_all(called: Playing) -> None:
    called.server.answer(Reply.json({"title": "Bad"}, 400), times=None)
    assert isinstance(await outcome_of(called), Refused)


# Push


async def test_a_push_is_verified_and_read(played: Playing) -> None:
    account = played.account()
    assert ("push" in played.manifest.capabilities) == isinstance(account, Pusher)
    if not isinstance(account, Pusher):
        return
    assert isinstance(played.standin, PushingStandIn)
    recording = next(one for one in played.standin.recordings.all.values() if expected(one))
    headers, body = played.standin.push(recording.number)
    assert account.verify_push(headers, body)
    assert not account.verify_push(headers, body + b" ")
    assert not account.verify_push({}, body)
    (pushed,) = account.read_push(body)
    assert pushed.tracking_number == recording.number
    assert tracking.read(played.slug, pushed.raw.body, parcel_of(recording)).scans


async def test_parcels_are_registered_as_often_as_wanted(played: Playing) -> None:
    account = played.account()
    assert ("register" in played.manifest.capabilities) == isinstance(account, Registrar)
    if isinstance(account, Registrar):
        parcel = any_parcel(played)
        assert [await account.register([parcel]) for _ in range(2)] == [[None], [None]]


# The manifest and the code say the same


@pytest.mark.parametrize("slug", SLUGS)
def test_the_folder_is_complete(slug: str) -> None:
    about, package = registry.manifest(Kind.CARRIERS, slug), registry.package(Kind.CARRIERS, slug)
    assert StatusTable(package).events
    assert {one.language for one in recordings_of(slug)} <= set(about.languages)
    assert {one.carrier for one in recordings_of(slug)} - {""} <= set(
        about.carriers
    ) or "any_carrier" in about.capabilities
    setup = registry.setup(Kind.CARRIERS, slug)
    assert not [field.label for field in about.credentials if field.label not in setup]
    adapter = files(package).joinpath("adapter.py").read_text(encoding="utf-8")
    assert len(adapter.splitlines()) < ADAPTER_LINES
    assert "sleep" not in adapter


@pytest.mark.parametrize("slug", SLUGS)
def test_an_account_takes_the_credentials_of_the_manifest_and_no_other(slug: str) -> None:
    package = registry.package(Kind.CARRIERS, slug)
    source = "".join(
        file.read_text(encoding="utf-8")
        for file in files(package).iterdir()
        if file.name.endswith(".py") and file.name != "standin.py"
    )
    used = set(re.findall(r"credentials(?:\.get\(|\[)\"(\w+)\"", source))
    about = registry.manifest(Kind.CARRIERS, slug)
    assert used | set(about.pace_fields.values()) == {field.name for field in about.credentials}


@pytest.mark.parametrize("slug", SLUGS)
def test_the_mapping_is_pure_and_the_folder_knows_no_other_provider(slug: str) -> None:
    package = registry.package(Kind.CARRIERS, slug)
    for file in (file for file in files(package).iterdir() if file.name.endswith(".py")):
        names = imported(file.read_text(encoding="utf-8"))
        others = [name for name in names if provider_of(name) in SLUGS and provider_of(name) != slug]
        assert not others, f"{file.name} imports {others}"
        if file.name == "mapping.py":
            impure = ("karla.infra", "karla.integrations.calling", f"{package}.client")
            assert not [name for name in names if name.startswith(impure)]


def provider_of(name: str) -> str:
    return name.removeprefix("karla.integrations.carriers.").partition(".")[0]


def imported(source: str) -> list[str]:
    nodes = [*ast.walk(ast.parse(source))]
    names = [
        f"{node.module}.{alias.name}" for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    return [*names, *(alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names)]
