"""Writes of shop settings, images and the hosts of tracking pages."""

from collections.abc import Callable
from typing import Any

import asyncpg
import msgspec
from msgspec import to_builtins

from karla.domain.audit.commands import record
from karla.domain.audit.records import Action
from karla.domain.branding.queries import settings_from
from karla.domain.branding.records import (
    CarriersChange,
    Image,
    PageDomain,
    SegmentsChange,
    SettingsChange,
    ShopSettings,
    TriggersChange,
)
from karla.domain.branding.rules import forms
from karla.domain.branding.rules.domains import LAPSE, next_check
from karla.domain.branding.rules.pages import page_of
from karla.domain.tenants.records import ShopRef
from karla.infra.errors import Conflict, NotFound
from karla.infra.work import Work


async def replace_settings(work: Work, wish: SettingsChange) -> ShopSettings:
    """Put new settings in the place of all that were, or make the first ones.

    Conflict when they name a host that is another shop's.
    """
    settings = await _decided(work, lambda stored: forms.replaced(stored, wish))
    if wish.versioned:
        await _keep_hosts(work, settings)
    return settings


async def change_carriers(work: Work, change: CarriersChange) -> ShopSettings:
    """Change what was said of the carriers block."""
    return await _decided(work, lambda stored: forms.with_carriers(stored, change))


async def change_triggers(work: Work, change: TriggersChange) -> ShopSettings:
    """Change what was said of the triggers block."""
    return await _decided(work, lambda stored: forms.with_triggers(stored, change))


async def change_segments(work: Work, change: SegmentsChange) -> ShopSettings:
    """Change what was said of the segments block."""
    return await _decided(work, lambda stored: forms.with_segments(stored, change))


async def replace_trackpages(work: Work, trackpages: dict[str, Any]) -> ShopSettings:
    """Replace the settings of tracking pages, which are good; Conflict when they name a host that is another shop's."""
    settings = await _decided(work, lambda stored: forms.with_trackpages(stored, trackpages))
    await _keep_hosts(work, settings)
    return settings


async def _keep_hosts(work: Work, settings: ShopSettings) -> None:
    """Take the hosts that the page is shown under, and give back those that it was."""
    page = page_of(settings)
    await work.connection.execute(
        "delete from page_domains where shop_id = $1 and domain <> all($2::text[])", work.scope.shop, page.hosts
    )
    if not page.hosts:
        return
    await work.connection.execute(
        """
        insert into page_domains (shop_id, domain, claimed_at, check_at)
        select $1, unnest($2::text[]), $3, $3 on conflict do nothing
        """,
        work.scope.shop,
        sorted(page.hosts),
        work.now,
    )
    await work.connection.execute("update page_domains set check_at = $2 where shop_id = $1", work.scope.shop, work.now)
    rows = await work.connection.fetch("select domain from page_domains where shop_id = $1", work.scope.shop)
    if taken := page.hosts - {row["domain"] for row in rows}:
        raise Conflict(
            "domain_taken", f"{min(taken)} is another shop's already; who operates this Karla can change it."
        )


async def claim_due_domains(work: Work, limit: int) -> list[PageDomain]:
    """Up to `limit` domains of all shops whose check is due; nobody else gets them within a minute."""
    rows = await work.connection.fetch(
        """
        update page_domains p set check_at = $1 + interval '1 minute'
        from (
            select shop_id, domain from page_domains
            where check_at <= $1 and domain not like '%.myshopify.com'
            order by check_at limit $2 for update skip locked
        ) due
        where p.shop_id = due.shop_id and p.domain = due.domain
        returning p.shop_id, p.domain, p.claimed_at, p.proven_at, p.checked_at, p.problem
        """,
        work.now,
        limit,
    )
    return [PageDomain(**dict(row)) for row in rows]


async def note_check(work: Work, domain: PageDomain, problem: str | None) -> PageDomain:
    """Write down what a check found, None being a proof; a domain that was proven once stays so."""
    checked = msgspec.structs.replace(
        domain,
        checked_at=work.now,
        problem=problem,
        proven_at=domain.proven_at or (work.now if problem is None else None),
    )
    await work.connection.execute(
        """
        update page_domains
        set checked_at = $3, problem = $4, proven_at = coalesce(proven_at, $5), check_at = $6
        where shop_id = $1 and domain = $2
        """,
        domain.shop_id,
        domain.domain,
        checked.checked_at,
        checked.problem,
        checked.proven_at,
        next_check(checked, work.now),
    )
    return checked


async def forget_lapsed_domains(work: Work) -> int:
    """Give back the domains of all shops that were claimed long ago and never led here; how many."""
    lapsed: int = await work.connection.fetchval(
        """
        with lapsed as (
            delete from page_domains
            where proven_at is null and claimed_at <= $1 and domain not like '%.myshopify.com'
            returning shop_id
        )
        select count(*) from lapsed
        """,
        work.now - LAPSE,
    )
    return lapsed


async def give_host(work: Work, shop: ShopRef, host: str, *, proven: bool) -> None:
    """Let a shop have a host, whoever has it now: what the one who operates Karla decides.

    Unless it counts as `proven`, it has to be shown still that it leads here. The shop has to name it in its settings.
    """
    await work.connection.execute("delete from page_domains where domain = $1 and shop_id <> $2", host, shop.id)
    await work.connection.execute(
        """
        insert into page_domains (shop_id, domain, claimed_at, check_at, proven_at) values ($1, $2, $3, $3, $4)
        on conflict (shop_id, domain) do update set proven_at = coalesce(page_domains.proven_at, excluded.proven_at)
        """,
        shop.id,
        host,
        work.now,
        work.now if proven else None,
    )
    await record(
        work,
        Action.DOMAIN_GIVEN,
        host,
        after={"domain": host, "proven": proven},
        organisation_id=shop.organisation_id,
        shop_id=shop.id,
    )


async def _decided(work: Work, decide: Callable[[ShopSettings], ShopSettings]) -> ShopSettings:
    stored = await _locked(work)
    settings = decide(stored)
    if settings != stored:
        await work.connection.execute(
            """
            update shop_settings
            set carriers = $2, triggers = $3, segments = $4, versioned = $5, updated_at = $6
            where shop_id = $1
            """,
            work.scope.shop,
            to_builtins(settings.carriers),
            to_builtins(settings.triggers),
            to_builtins(settings.segments),
            to_builtins(settings.versioned),
            work.now,
        )
        await record(work, Action.SETTINGS_UPDATED, work.scope.shop, before=stored, after=settings)
    return settings


async def _locked(work: Work) -> ShopSettings:
    # The row is made first, so that two first writers have something to wait for each other on.
    await work.connection.execute(
        "insert into shop_settings (shop_id, updated_at) values ($1, $2) on conflict do nothing",
        work.scope.shop,
        work.now,
    )
    row = await work.connection.fetchrow(
        "select carriers, triggers, segments, versioned from shop_settings where shop_id = $1 for update",
        work.scope.shop,
    )
    assert row is not None, "inserted above"  # noqa: S101
    return settings_from(row)


async def add_image(work: Work, image: Image) -> None:
    """Enter an image whose bytes are in the object store already; NotFound when the shop went meanwhile."""
    try:
        await work.connection.execute(
            """
            insert into images
                (shop_id, id, image_type, object_key, content_type, size_bytes, width, height, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            *msgspec.structs.astuple(image),
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("shop_not_found", "The requested shop does not exist.") from error
    await record(work, Action.IMAGE_UPLOADED, image.id, after=image)
