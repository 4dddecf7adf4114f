"""Every setting of a Karla, read once from the environment."""

import contextlib
import os
import secrets
import ssl
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta
from yarl import URL

PREFIX = "KARLA_"
_SHORTEST_KEY = 32
DATABASE_URL_EXPECTED = (
    "Expected postgresql://user:password@127.0.0.1:5432/karla, with what is special in the password percent-encoded"
)


class Settings(msgspec.Struct, frozen=True):
    """One field a setting; its environment variable is `KARLA_` and the name in capitals.

    The descriptions are the reference: `docs/reference/settings.md` is generated from them.
    """

    database_url: Annotated[
        str | None,
        Meta(description="Any PostgreSQL 15 or later. Without it Karla runs its own, kept in the data directory."),
    ] = None
    data_dir: Annotated[
        Path, Meta(description="Where the embedded database, uploaded files and made keys are kept.")
    ] = Path(".karla")
    port: Annotated[int, Meta(ge=1, le=65535, description="The port of the API, on the host below.")] = 8080
    host: Annotated[str, Meta(description="The address that the API listens on.")] = "127.0.0.1"
    public_url: Annotated[
        str | None,
        Meta(
            description="The address that others reach this Karla by; links begin with it. "
            "Default: http:// and host and port."
        ),
    ] = None
    secret_key: (
        Annotated[
            str,
            Meta(
                min_length=_SHORTEST_KEY,
                description="The root key of what Karla encrypts, such as the credentials of connections, and signs, "
                "such as links to tracking pages; the same in all processes. Made and kept in the data directory if "
                "absent.",
            ),
        ]
        | None
    ) = None
    previous_secret_keys: Annotated[
        str | None,
        Meta(
            description="Secret keys of before, by comma: what they encrypted can still be read, until "
            "`karla connections reseal` has encrypted it with the one of today, and links to tracking pages that they "
            "signed still work."
        ),
    ] = None
    allow_private_targets: Annotated[
        bool,
        Meta(description="Lets webhooks go to private addresses and over plain HTTP. For development only."),
    ] = False
    object_store_url: Annotated[
        str | None,
        Meta(
            description="Where uploaded files go: file:///path, s3://bucket and the like. "
            "Default: a folder in the data directory."
        ),
    ] = None
    database_pool_size: Annotated[int, Meta(ge=1, le=200, description="Database connections of one process.")] = 10
    webhook_retries: Annotated[
        int, Meta(ge=0, le=50, description="Attempts after the first one before a delivery counts as failed.")
    ] = 15
    webhook_retry_base_seconds: Annotated[
        float,
        Meta(gt=0, description="Wait before the first retry; each further wait doubles, up to 14 hours."),
    ] = 30.0
    webhook_concurrency: Annotated[
        int, Meta(ge=1, le=2000, description="Webhook requests in flight at once in one worker.")
    ] = 256
    event_retention_days: Annotated[
        int,
        Meta(
            ge=7,
            description="How long events, deliveries, carriers' reports and page visits are kept; "
            "then they go, by whole months.",
        ),
    ] = 90
    egress_source_address: Annotated[
        str | None,
        Meta(
            description="The address of this machine that webhooks leave from: an IPv4 and/or an IPv6 one, by comma. "
            "With one alone, targets of the other kind are not reached."
        ),
    ] = None
    egress_proxy_url: Annotated[
        str | None,
        Meta(description="The proxy that webhooks go through: http://user:password@host:port. It must allow CONNECT."),
    ] = None
    egress_tls_minimum: Annotated[
        Literal["1.2", "1.3"], Meta(description="The least version of TLS that webhooks are sent over.")
    ] = "1.2"
    egress_ca_file: Annotated[
        Path | None,
        Meta(description="Certificates (PEM) of authorities that webhooks trust beside those of the system."),
    ] = None
    trusted_proxies: Annotated[
        str | None,
        Meta(
            description="Reverse proxies whose `X-Forwarded-For` is believed, by the limits on shoppers and the audit "
            "trail: addresses and networks by comma, or `*`. Default: none is."
        ),
    ] = None
    requests_per_minute: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000_000,
            description="Requests an API key may make in a minute to one API process, unless it has a lower limit "
            "of its own.",
        ),
    ] = 60_000
    bulk_requests_per_minute: Annotated[
        int, Meta(ge=1, description="Bulk calls a shop may make in a minute to one API process.")
    ] = 120
    worker_port: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=65535,
                description="If set, a worker answers /healthz, /readyz and /metrics on this port.",
            ),
        ]
        | None
    ) = None
    shopify_app_secret: (
        Annotated[
            str,
            Meta(
                min_length=16,
                description="The shared secret of your Shopify app: what its app proxy hands on to "
                "`/apps/karla/track` and `/apps/karla/resolve` is believed by it. Without it those pages answer "
                "nobody.",
            ),
        ]
        | None
    ) = None
    log_level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$", description="Least severity logged.")] = (
        "info"
    )
    log_format: Annotated[
        str,
        Meta(pattern="^(auto|json|console)$", description="`auto` is console on a terminal, else JSON lines."),
    ] = "auto"

    @property
    def base_url(self) -> str:
        """The public address without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


class SettingsInvalid(Exception):
    """A setting in the environment can't be used; the message names every one."""


def variable_of(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def settings_from(environ: Mapping[str, str] = os.environ, **overrides: Any) -> Settings:
    """Read the settings; `overrides` (from a command line) win where they are not None.

    SettingsInvalid names every variable that can't be used.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    hints = get_type_hints(Settings, include_extras=True)
    for field in Settings.__struct_fields__:
        given = overrides.get(field)
        raw = given if given is not None else environ.get(variable_of(field)) or None
        if raw is None:
            continue
        try:
            values[field] = msgspec.convert(raw, hints[field], strict=False, dec_hook=_path)
            if check := _CHECKS.get(field):
                check(values[field])
        except ValueError as error:
            faults.append(f"{variable_of(field)}: {error}")
    if faults:
        raise SettingsInvalid("; ".join(faults))
    return Settings(**values)


def _path(wanted: type, raw: object) -> object:
    return Path(str(raw)) if wanted is Path else raw


def source_addresses(text: str) -> tuple[IPv4Address | IPv6Address, ...]:
    """The addresses in a list by comma, at most one a family; ValueError says what is wrong."""
    try:
        addresses = tuple(ip_address(word.strip()) for word in text.split(","))
    except ValueError:
        raise ValueError("Expected an IPv4 address, an IPv6 address, or both with a comma between") from None
    if len({address.version for address in addresses}) < len(addresses):
        raise ValueError("Expected one address of each kind, not several")
    if any(address.is_unspecified or address.is_multicast for address in addresses):
        raise ValueError("Expected addresses of this machine")
    return addresses


def _database(url: str) -> None:
    # The rest of it is the drivers' to read: they allow several hosts, sockets, and files of their own.
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError(DATABASE_URL_EXPECTED)


def proxy_url(text: str) -> URL:
    """The URL of a proxy, credentials included; ValueError says what is wrong and does not repeat them."""
    try:
        url = URL(text)
        usable = url.scheme == "http" and bool(url.host) and url.port and url.raw_path_qs == "/"
    except ValueError:
        usable = False
    if not usable or url.raw_fragment:
        raise ValueError("Expected http://host:port or http://user:password@host:port")
    if ":" in (url.user or ""):
        raise ValueError("Expected a user name without a colon")
    return url


def previous_keys(text: str) -> tuple[str, ...]:
    """The keys in a list by comma; ValueError says what is wrong and does not repeat them."""
    keys = tuple(word.strip() for word in text.split(","))
    if any(len(key) < _SHORTEST_KEY for key in keys):
        raise ValueError(f"Expected keys of at least {_SHORTEST_KEY} characters by comma")
    return keys


def _proxies(text: str) -> None:
    for word in text.split(","):
        try:
            ip_network(word.strip())
        except ValueError:
            if text != "*":
                raise ValueError("Expected addresses and networks by comma, or *") from None


def _authorities(path: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError("Expected a file of certificates in PEM form") from None
    except OSError as error:
        raise ValueError(f"Expected a file that can be read: {error.strerror}") from None


_CHECKS: Mapping[str, Callable[[Any], object]] = {
    "database_url": _database,
    "egress_source_address": source_addresses,
    "egress_proxy_url": proxy_url,
    "egress_ca_file": _authorities,
    "previous_secret_keys": previous_keys,
    "trusted_proxies": _proxies,
}


def secret_keys_of(settings: Settings) -> tuple[str, ...]:
    """The secret key and those of before, the newest first."""
    before = previous_keys(settings.previous_secret_keys) if settings.previous_secret_keys else ()
    return (secret_key_of(settings), *before)


def secret_key_of(settings: Settings) -> str:
    """The configured secret key, or the one kept in the data directory, made on first use."""
    if settings.secret_key:
        return settings.secret_key
    kept = settings.data_dir / "secret.key"
    try:
        return kept.read_text().strip()
    except FileNotFoundError:
        _make_key(kept)
        return kept.read_text().strip()


def _make_key(kept: Path) -> None:
    """Write a new key, whole or not at all; of two processes that start at once the first one's stays."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_name(f"{kept.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(draft, kept)
    finally:
        draft.unlink()
