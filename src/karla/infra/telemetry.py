"""Logs as structured lines without secrets or personal data, and the metrics of this process."""

import logging
import sys
import traceback
from collections.abc import Iterator

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()

REQUEST_SECONDS = Histogram(
    "karla_http_request_seconds",
    "Time to answer a request, by route template.",
    ["method", "route", "status"],
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
EVENTS_RELAYED = Counter("karla_events_relayed", "Outbox rows turned into deliveries.", registry=REGISTRY)
DELIVERY_ATTEMPTS = Counter(
    "karla_delivery_attempts",
    "Webhook attempts, by outcome: delivered, failed, or unsent by a fault of ours.",
    ["outcome"],
    registry=REGISTRY,
)
DELIVERY_SECONDS = Histogram("karla_delivery_attempt_seconds", "Time of one webhook attempt.", registry=REGISTRY)
FIRST_ATTEMPT_SECONDS = Histogram(
    "karla_event_to_first_attempt_seconds",
    "Time from an event to its first delivery attempt.",
    registry=REGISTRY,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
OUTBOX_EVENTS = Gauge("karla_outbox_events", "Events that wait for the relay.", registry=REGISTRY)
OUTBOX_OLDEST_SECONDS = Gauge(
    "karla_outbox_oldest_seconds", "Age of the oldest event that waits for the relay.", registry=REGISTRY
)
DELIVERIES_WAITING = Gauge(
    "karla_deliveries_waiting",
    "Deliveries that are not settled (pending), and those of them whose next attempt is due.",
    ["state"],
    registry=REGISTRY,
)
DELIVERIES_OLDEST_SECONDS = Gauge(
    "karla_deliveries_oldest_seconds",
    "Since when the longest due delivery has been waiting, those of paused webhooks aside.",
    registry=REGISTRY,
)
WEBHOOKS_TROUBLED = Gauge(
    "karla_webhooks_troubled",
    "Active webhooks that are left alone for a while (paused), and that their shop was told of (failing).",
    ["state"],
    registry=REGISTRY,
)
CARRIER_CALL_SECONDS = Histogram(
    "karla_carrier_call_seconds",
    "Time of one call of a carrier, by integration and outcome: ok, or the kind of failure.",
    ["carrier", "outcome"],
    registry=REGISTRY,
)
CARRIER_UNKNOWN_CODES = Counter(
    "karla_carrier_unknown_codes",
    "Codes of carriers that their status table doesn't know, by the integration that read them.",
    ["carrier"],
    registry=REGISTRY,
)
CARRIER_QUESTIONS = Counter(
    "karla_carrier_questions",
    "Parcels that were asked about, by the integration that asked, and outcome: told, unchanged and not_found are "
    "answers; refused, unauthorised, busy and unreachable are failures.",
    ["provider", "outcome"],
    registry=REGISTRY,
)
CARRIER_SCAN_AGE_SECONDS = Histogram(
    "karla_carrier_scan_age_seconds",
    "Time from a carrier's scan until Karla knew of it, by the integration that asked.",
    ["provider"],
    registry=REGISTRY,
    buckets=(60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 172_800),
)
INBOUND_PUSHES = Counter(
    "karla_inbound_pushes",
    "Pushes to connected accounts, by the integration, and outcome: taken, unchanged and unknown (nobody follows the "
    "parcel) are the provider's, anything else is the key of the error that was answered.",
    ["provider", "outcome"],
    registry=REGISTRY,
)


def metrics_text() -> bytes:
    """This process's metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)


def configure_logging(level: str, style: str) -> None:
    """Set up structlog and route the libraries' logging through it; `style` is auto, json or console."""
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    )
    chain: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _trace,
    ]
    structlog.configure(
        processors=[*chain, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s", force=True
    )
    # Its pool tells by a trace what whoever needs a connection tells in a line.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


def _trace(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """An exception as where it happened and of which kinds: messages and variables may hold shoppers' data."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["error"] = " < ".join(type(cause).__qualname__ for cause in _chain(error))
        event["trace"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return event


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
