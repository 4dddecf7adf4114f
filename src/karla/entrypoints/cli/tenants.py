"""`karla shop`, `karla key` and `karla member`: the tenants of this Karla, for the one who operates it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from karla.domain.tenants import commands, queries
from karla.domain.tenants.records import EVERY_SHOP, IssuedKey, Key, KeyGrant, KeyTerms, Shop
from karla.entrypoints.cli.acting import acting
from karla.entrypoints.cli.options import taking
from karla.entrypoints.cli.tables import print_table
from karla.entrypoints.cli.words import time_of, uuid_from
from karla.infra.access import NOWHERE
from karla.infra.clock import SystemClock
from karla.infra.db import Database
from karla.infra.paging import Paged
from karla.infra.settings import settings_from
from karla.infra.work import Work
from karla.vocabulary.scope import Role

Result = TypeVar("Result")

shops = typer.Typer(help="The shops of this Karla.", no_args_is_help=True)
keys = typer.Typer(help="API keys.", no_args_is_help=True)
members = typer.Typer(help="The people of an organisation.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DataDir = Annotated[Path | None, typer.Option(help="Where everything is kept.", show_default="./.karla")]
Organisation = Annotated[str, typer.Option("--org", help="The organisation's slug.", show_default=False)]
KeyUuid = Annotated[
    UUID,
    typer.Argument(parser=uuid_from("karla key list"), metavar="UUID", help="The key's uuid, from `karla key list`."),
]


@shops.command("create")
def create_shop(
    slug: Annotated[str, typer.Argument(help="Stands in every path: lower-case letters, digits, hyphens.")],
    organisation: Annotated[str, typer.Option("--org", help="Its organisation, made if absent.", show_default=False)],
    name: Annotated[str | None, typer.Option(help="As shoppers know it.", show_default="the slug")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Create a shop with a tracking page, and its organisation if there is none yet."""
    shop = acting(
        data_dir,
        lambda db: db.write(
            NOWHERE,
            lambda work: commands.create_shop(
                work,
                organisation=organisation,
                create_organisation=True,
                slug=slug,
                name=name or slug,
                web_tracking_enabled=True,
            ),
        ),
    )
    if as_json:
        _print_json({"slug": shop.slug, "uuid": shop.id, "org": shop.organisation})
        return
    console = _console()
    console.print(f"Shop [bold]{shop.slug}[/] of {shop.organisation} is there. A key for it:")
    console.print(f"  karla key create --org {shop.organisation} --shop {shop.slug} --role admin")


@shops.command("list")
def list_shops(
    organisation: Annotated[
        str | None, typer.Option("--org", help="Only this organisation's.", show_default=False)
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List the shops, by organisation and slug."""

    async def read(db: Database) -> list[Shop]:
        async with db.read(NOWHERE) as connection:
            return await queries.every_shop(NOWHERE, connection, organisation)

    found = acting(data_dir, read)
    if as_json:
        _print_json([{"slug": s.slug, "uuid": s.id, "org": s.organisation, "name": s.name} for s in found])
        return
    rows = [(s.organisation, s.slug, s.name, str(s.id), _when(s.created_at)) for s in found]
    _print_list("shops", ("organisation", "slug", "name", "uuid", "created"), rows)


def _terms(
    expires: Annotated[
        datetime | None,
        typer.Option(parser=time_of, metavar="TIME", help="When the key ends.", show_default="never"),
    ] = None,
    requests_per_minute: Annotated[
        int | None,
        typer.Option(min=1, help="A lower limit than the one of every key.", show_default="the one of every key"),
    ] = None,
) -> KeyTerms:
    return KeyTerms(expires_at=expires, requests_per_minute=requests_per_minute)


@keys.command("create")
@taking(terms=_terms)
def create_key(
    organisation: Organisation,
    shop: Annotated[
        list[str],
        typer.Option(help="A shop's slug, or '*' for all of the organisation; may be given several times."),
    ],
    role: Annotated[Role, typer.Option(help="What the key may do there.", show_default=False)],
    terms: KeyTerms,
    username: Annotated[
        str | None, typer.Option(help="For HTTP Basic.", show_default="the shop's slug, or the organisation's")
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Create an API key; it is shown this once.

    A time without an offset is this machine's.
    """
    issued = acting(
        data_dir,
        lambda db: db.write(
            NOWHERE,
            lambda work: commands.create_key(
                work,
                organisation=organisation,
                username=username,
                grants=[KeyGrant(slug, role) for slug in shop],
                terms=terms,
                at_most=settings_from(data_dir=data_dir).requests_per_minute,
            ),
        ),
    )
    _show(issued, as_json)


def _show(issued: IssuedKey, as_json: bool) -> None:
    key = issued.key
    if as_json:
        _print_json(
            {"username": key.username, "key": issued.secret, "uuid": key.id, "expires_at": _iso(key.expires_at)}
        )
        return
    console = _console()
    console.print(f"user name  {escape(key.username)}")
    console.print(f"key        [bold]{issued.secret}[/]")
    if key.expires_at:
        console.print(f"expires    {_when(key.expires_at)} UTC")
    console.print("Keep the key now: Karla stores only its hash and can't show it again.")


@keys.command("list")
def list_keys(organisation: Organisation, as_json: Json = False, data_dir: DataDir = None) -> None:
    """List an organisation's keys, newest first, without their secrets."""

    async def read(db: Database) -> list[Key]:
        found: list[Key] = []
        async with db.read(NOWHERE) as connection:
            reach = await queries.whole_organisation(NOWHERE, connection, organisation)
            paged = Paged(per_page=100)
            while page := await queries.search_keys(NOWHERE, connection, reach, paged):
                found += page
                paged = Paged(page=paged.page + 1, per_page=100)
        return found

    found = acting(data_dir, read)
    if as_json:
        _print_json([_plain(key) for key in found])
        return
    now = SystemClock().now()
    rows = [
        (
            str(key.id),
            key.username,
            key.hint,
            ", ".join(f"{grant.role} of {_shop_name(grant)}" for grant in key.shops),
            _when(key.created_at),
            _when(key.last_used_at) if key.last_used_at else "never",
            _state(key, now),
        )
        for key in found
    ]
    _print_list("keys", ("uuid", "user name", "key", "is", "created", "last used", "state"), rows)


@keys.command("rotate")
def rotate_key(
    uuid: KeyUuid,
    organisation: Organisation,
    overlap_hours: Annotated[int, typer.Option(min=0, max=168, help="How long the old key works still.")] = 24,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Put a new key in the place of one, with its user name, shops, limit and length of life; it is shown this once.

    The old one works until the overlap is over; with 0 hours it ends at once.
    """

    async def rotate(work: Work) -> IssuedKey:
        reach = await queries.whole_organisation(NOWHERE, work.connection, organisation)
        return await commands.rotate_key(work, reach, uuid, timedelta(hours=overlap_hours))

    _show(acting(data_dir, lambda db: db.write(NOWHERE, rotate)), as_json)


@keys.command("revoke")
def revoke_key(
    uuid: KeyUuid,
    organisation: Organisation,
    data_dir: DataDir = None,
) -> None:
    """End a key at once and for good."""

    async def revoke(work: Work) -> Key:
        reach = await queries.whole_organisation(NOWHERE, work.connection, organisation)
        return await commands.revoke_key(work, reach, uuid)

    key = acting(data_dir, lambda db: db.write(NOWHERE, revoke))
    _console().print(f"The key {key.hint} of user name {escape(key.username)} is revoked.")


@members.command("add")
def add_member(
    organisation: Organisation,
    email: Annotated[str, typer.Option(help="Their e-mail address.", show_default=False)],
    shop: Annotated[list[str] | None, typer.Option(help="A shop they work for; may be given several times.")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Add a person to an organisation; who is a member already gets the shops added."""
    member = acting(
        data_dir,
        lambda db: db.write(
            NOWHERE,
            lambda work: commands.add_member(work, organisation=organisation, email_id=email, shops=shop or ()),
        ),
    )
    if as_json:
        _print_json({"email_id": member.email_id, "org": member.organisation, "shops": member.shops})
        return
    places = ", ".join(member.shops) or "no shop yet"
    _console().print(f"{escape(member.email_id)} is a member of {member.organisation} ({places}).")


def _plain(key: Key) -> dict[str, object]:
    return {
        "uuid": key.id,
        "username": key.username,
        "hint": key.hint,
        "shops": [{"shop_slug": grant.shop_slug, "role": grant.role} for grant in key.shops],
        "created_at": _iso(key.created_at),
        "expires_at": _iso(key.expires_at),
        "revoked_at": _iso(key.revoked_at),
        "replaced_by": key.replaced_by,
        "last_used_at": _iso(key.last_used_at),
        "requests_per_minute": key.requests_per_minute,
    }


def _iso(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat() if time else None


def _shop_name(grant: KeyGrant) -> str:
    return "every shop" if grant.shop_slug == EVERY_SHOP else grant.shop_slug


def _state(key: Key, now: datetime) -> str:
    if key.revoked_at:
        return f"revoked {_when(key.revoked_at)}"
    if key.expires_at is None:
        return "active"
    return f"{'until' if key.expires_at > now else 'expired'} {_when(key.expires_at)}"


def _when(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _print_json(value: object) -> None:
    typer.echo(msgspec.json.encode(value).decode())


def _print_list(what: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        print_table(columns, rows)
    else:
        _console().print(f"There are no {what} yet.")


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
