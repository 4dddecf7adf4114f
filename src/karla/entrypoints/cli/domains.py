"""`karla domains`: the hosts of the shops' pages, for the one who operates this Karla."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from karla.domain.branding import commands, queries
from karla.domain.branding.records import PageDomain
from karla.domain.branding.rules.domains import status_of
from karla.domain.branding.rules.hosts import host_named, is_at_shopify
from karla.domain.tenants.queries import every_shop, shop_ref
from karla.entrypoints.cli.acting import acting
from karla.entrypoints.cli.tables import print_table
from karla.infra.access import EVERYWHERE, NOWHERE
from karla.infra.db import Database
from karla.infra.errors import NotFound
from karla.infra.work import Work

domains = typer.Typer(help="The domains of the shops' tracking pages.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DataDir = Annotated[Path | None, typer.Option(help="Where everything is kept.", show_default="./.karla")]


@domains.command("list")
def list_domains(as_json: Json = False, data_dir: DataDir = None) -> None:
    """List the domains, whose they are, and whether they lead here."""

    async def read(db: Database) -> list[dict[str, str | None]]:
        async with db.read(EVERYWHERE) as connection:
            found = await queries.claimed_hosts(EVERYWHERE, connection)
            slugs = {shop.id: shop.slug for shop in await every_shop(NOWHERE, connection)}
        return [
            {"domain": one.domain, "shop": slugs.get(one.shop_id), "status": _status(one), "problem": one.problem}
            for one in found
        ]

    found = acting(data_dir, read)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    elif found:
        names = ("domain", "shop", "status", "problem")
        print_table(names, [tuple(one[name] or "" for name in names) for one in found])
    else:
        Console(highlight=False).print("There are no domains yet.")


@domains.command("give")
def give_domain(
    domain: Annotated[str, typer.Argument(help="Such as track.shop.example or my-shop.myshopify.com.")],
    shop: Annotated[str, typer.Option(help="The slug of the shop that it belongs to.", show_default=False)],
    proven: Annotated[
        bool, typer.Option("--proven", help="Links lead there at once, also where Karla can't see that it leads here.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Let a shop have a domain that another one has named first, or that Karla can't check from where it stands.

    The shop names it in its settings too; links lead there once it leads here.
    """
    host = host_named(domain)
    if host is None:
        raise typer.BadParameter(f"{domain!r} is no host name")

    async def give(work: Work) -> None:
        ref = await shop_ref(NOWHERE, work.connection, shop)
        if ref is None:
            raise NotFound("shop_not_found", f"There is no shop {shop}.")
        await commands.give_host(work, ref, host, proven=proven)

    acting(data_dir, lambda db: db.write(EVERYWHERE, give))
    Console(highlight=False, soft_wrap=True).print(
        f"{host} belongs to {shop} now. Name it in the settings of its tracking page."
    )


def _status(host: PageDomain) -> str:
    return "signed by Shopify" if is_at_shopify(host.domain) else status_of(host).value
