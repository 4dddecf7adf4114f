"""What a shopper's browser has with the tracking page: weight, paint, stability, answers to a touch, accessibility."""

import statistics
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from playwright.async_api import Browser, CDPSession

from benchmarks.api import Api, api_of
from benchmarks.comparison import paragraph, table
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.stage import SHOP, free_port, stage
from tests.support.browser import DESKTOP, PHONE, Visit, chromium_running, visiting, with_look

STATES = ("expected", "on_the_way", "out_for_delivery", "waiting", "delivered", "delayed", "returned")
MODES = {
    "phone, light": PHONE,
    "phone, dark": with_look(PHONE, colours="dark"),
    "phone, forced colours": with_look(PHONE, forced_colours=True),
    "desktop at 200 %": with_look(DESKTOP, width=640, height=450, scale=2),
}

# Lighthouse's slow 4G and its phone.
_ROUND_TRIP_MS = 150
_DOWN, _UP = 1_638_400 / 8, 768_000 / 8
_CPU = 4

_OBSERVED = """
    () => {
        window.seen = {lcp: 0, cls: 0, inp: 0};
        const look = (type, take, more) =>
            new PerformanceObserver(list => list.getEntries().forEach(take)).observe({type, buffered: true, ...more});
        look('largest-contentful-paint', entry => { seen.lcp = entry.startTime; });
        look('layout-shift', entry => { if (!entry.hadRecentInput) seen.cls += entry.value; });
        look('event', entry => { if (entry.interactionId) seen.inp = Math.max(seen.inp, entry.duration); },
             {durationThreshold: 16});
    }
"""
_SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300))))"


class Seen(NamedTuple):
    """One visit: kilobytes over the wire, requests, milliseconds, the sum of shifts."""

    kilobytes: float
    requests: int
    foreign: int
    paint: float
    shift: float
    touch: float


async def run(plan: Plan) -> Section:
    """A Karla of its own, its order page opened without a cache again and again."""
    visits = plan.of(9, 1)
    port = free_port()
    with stage() as it, it.karla("serve", port=port, settings={"KARLA_PUBLIC_URL": f"http://127.0.0.1:{port}"}):
        api = api_of(it, port)
        link = await _link(api)
        async with chromium_running() as browser:
            pages = {"an order in two parcels": link, "the finder": f"http://127.0.0.1:{port}/track/{SHOP}"}
            seen = {name: [await _seen(browser, url) for _ in range(visits)] for name, url in pages.items()}
            demos = [f"http://127.0.0.1:{port}/track/{SHOP}/demo?state={state}" for state in STATES]
            found = {mode: await _violations(browser, mode, [*pages.values(), *demos]) for mode in MODES}
            version = browser.version
    lines = [
        paragraph(
            f"Chromium {version}, a phone's width, Lighthouse's slow 4G ({_ROUND_TRIP_MS} ms a request, 1.6",
            f"Mbit/s), a processor slowed to a {_CPU}th; each page opened {visits} times with nothing cached: medians,",
            "and in brackets the worst. Weight is what goes over the wire, heads included; a touch is the slowest of",
            "those on everything that opens or is chosen.",
        ),
        "",
        *table(
            ["", "weight", "requests", "of others", "LCP", "CLS", "INP"],
            [_row(name, each) for name, each in seen.items()],
        ),
        "",
        "Wanted: at most 50 KB, LCP under 1.0 s, CLS 0, INP under 100 ms, nothing requested from anyone else.",
        "",
        f"Violations that axe finds on {len(pages) + len(STATES)} pages (the two and {len(STATES)} states):",
        "",
        *table(["mode", "violations"], [[mode, str(count)] for mode, count in found.items()]),
    ]
    return Section("page_quality", "The tracking page in a browser", "\n".join(lines))


async def _link(api: Api) -> str:
    """The link of an order with two parcels on their way."""
    now = datetime.now(UTC)
    lines = [
        {"sku": "NL-TEE-M-OLV", "title": "Linen tee, olive, M", "quantity": 2, "price": 24.95},
        {"sku": "NL-MUG-01", "title": "Stoneware mug", "quantity": 1, "price": 16.5},
    ]
    order = {
        "order_number": "10482",
        "order_placed_at": (now - timedelta(days=2)).isoformat(),
        "address": {"name": "Mara Lindqvist", "zip_code": "10119", "city": "Berlin", "country_code": "DE"},
        "products": lines,
        "currency": "EUR",
    }
    trackings = [
        {"tracking_number": number, "carrier_reference": "dhl", "products": [line]}
        for number, line in zip(("00340434161094042557", "00340434161094042564"), lines, strict=True)
    ]
    body = {"id": "10482", "id_type": "order_number", "order": order, "trackings": trackings}
    placed = await api.call("PUT", "/orders", body)
    for parcel in placed["trackings"]:
        for hours, name in enumerate(("OUT_FOR_DELIVERY", "ARRIVAL_AT_TRANSPORT_HUB", "PICKED_UP_BY_CARRIER"), 1):
            event = {"event_name": name, "event_time": (now - timedelta(hours=7 * hours)).isoformat()}
            await api.call("POST", f"/shipments/{parcel['id']}/events", {**event, "external_id": name})
    made = await api.call("POST", "/orders/trackpage-url", {"id": "10482", "id_type": "order_number"})
    return str(made["url"])


async def _seen(browser: Browser, url: str) -> Seen:
    async with visiting(browser) as visit:
        wire = await visit.context.new_cdp_session(visit.page)
        received = await _slowed(wire)
        await visit.page.add_init_script(f"({_OBSERVED})()")
        await visit.page.goto(url, wait_until="load")
        await visit.page.evaluate(_SETTLED)
        await _touch(visit)
        await visit.page.evaluate(_SETTLED)
        figures = await visit.page.evaluate("() => seen")
        host = url.split("/")[2]
        return Seen(
            kilobytes=sum(received) / 1024,
            requests=len(visit.requests),
            foreign=len(visit.elsewhere(host)),
            paint=figures["lcp"],
            shift=figures["cls"],
            touch=figures["inp"],
        )


async def _slowed(wire: CDPSession) -> list[int]:
    """Emulate the phone; the list gets the bytes of each answer that has come."""
    received: list[int] = []
    wire.on("Network.loadingFinished", lambda told: received.append(int(told["encodedDataLength"])))
    await wire.send("Network.enable")
    limits = {"latency": _ROUND_TRIP_MS, "downloadThroughput": _DOWN, "uploadThroughput": _UP}
    await wire.send("Network.emulateNetworkConditions", {"offline": False, **limits})
    await wire.send("Emulation.setCPUThrottlingRate", {"rate": _CPU})
    return received


async def _touch(visit: Visit) -> None:
    """Everything that opens or can be typed into, one after the other, as a finger does it."""
    for thing in await visit.page.locator("summary:visible, input:visible").all():
        await thing.click()
        await visit.page.evaluate("() => new Promise(done => setTimeout(done, 60))")


async def _violations(browser: Browser, mode: str, urls: Sequence[str]) -> int:
    """Of all pages together; each is told of as it is found."""
    count = 0
    for url in urls:
        async with visiting(browser, MODES[mode]) as visit:
            await visit.page.goto(url)
            for violation in await visit.violations():
                print(f"  {mode}: {url.partition('?')[2][:40]} {violation}", flush=True)
                count += 1
    return count


def _row(name: str, seen: Sequence[Seen]) -> list[str]:
    def middle(member: str, form: str) -> str:
        values = [getattr(one, member) for one in seen]
        return f"{statistics.median(values):{form}} ({max(values):{form}})"

    return [
        name,
        middle("kilobytes", ".1f") + " KB",
        middle("requests", ".0f"),
        middle("foreign", ".0f"),
        middle("paint", ".0f") + " ms",
        middle("shift", ".3f"),
        middle("touch", ".0f") + " ms",
    ]
