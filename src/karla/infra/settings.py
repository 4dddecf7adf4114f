"""Every setting of a Karla, read once from the environment."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

PREFIX = "KARLA_"


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
                min_length=32,
                description="Reserved: the root key of what Karla itself will sign and encrypt. "
                "Made and kept in the data directory if absent.",
            ),
        ]
        | None
    ) = None
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
    ] = 128
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
        except msgspec.ValidationError as error:
            faults.append(f"{variable_of(field)}: {error}")
    if faults:
        raise SettingsInvalid("; ".join(faults))
    return Settings(**values)


def _path(wanted: type, raw: object) -> object:
    return Path(str(raw)) if wanted is Path else raw


def secret_key_of(settings: Settings) -> str:
    """The configured secret key, or the one kept in the data directory, made on first use."""
    if settings.secret_key:
        return settings.secret_key
    kept = settings.data_dir / "secret.key"
    try:
        return kept.read_text().strip()
    except FileNotFoundError:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        made = secrets.token_urlsafe(48)
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(made + "\n")
        return made
