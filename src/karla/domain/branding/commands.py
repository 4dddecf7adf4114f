"""Writes of shop settings and images."""

from collections.abc import Callable
from typing import Any

import asyncpg
import msgspec
from msgspec import to_builtins

from karla.domain.audit.commands import record
from karla.domain.audit.records import Action
from karla.domain.branding import rules
from karla.domain.branding.queries import settings_from
from karla.domain.branding.records import (
    CarriersChange,
    Image,
    SegmentsChange,
    SettingsChange,
    ShopSettings,
    TriggersChange,
)
from karla.infra.errors import NotFound
from karla.infra.work import Work


async def replace_settings(work: Work, wish: SettingsChange) -> ShopSettings:
    """Put new settings in the place of all that were, or make the first ones."""
    return await _decided(work, lambda stored: rules.replaced(stored, wish))


async def change_carriers(work: Work, change: CarriersChange) -> ShopSettings:
    """Change what was said of the carriers block."""
    return await _decided(work, lambda stored: rules.with_carriers(stored, change))


async def change_triggers(work: Work, change: TriggersChange) -> ShopSettings:
    """Change what was said of the triggers block."""
    return await _decided(work, lambda stored: rules.with_triggers(stored, change))


async def change_segments(work: Work, change: SegmentsChange) -> ShopSettings:
    """Change what was said of the segments block."""
    return await _decided(work, lambda stored: rules.with_segments(stored, change))


async def replace_trackpages(work: Work, trackpages: dict[str, Any]) -> ShopSettings:
    """Replace the free-form settings of tracking pages."""
    return await _decided(work, lambda stored: rules.with_trackpages(stored, trackpages))


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
