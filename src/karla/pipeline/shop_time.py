"""What time it is for a shop's parcels: by its test clock where the provider goes by that, else the real time."""

from datetime import UTC, datetime
from functools import cache
from typing import Final

from karla.domain.tracking.records import ShopClock
from karla.domain.tracking.rules.clocks import real_time, shown
from karla.infra.clock import Clock
from karla.integrations import registry
from karla.integrations.contract import Kind

# The greatest one of all is infinity to the driver, which is the due time of a parcel at its end.
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


class ShopTime:
    """Of one shop at one provider. `clock` shows it; `shop_clock` is the test clock that rules it, if one does."""

    def __init__(self, shop_clock: ShopClock | None, real: Clock) -> None:
        self.clock: Clock = real if shop_clock is None else _Shown(shop_clock, real)
        self.shop_clock = shop_clock
        self._real = real

    @classmethod
    def of(cls, provider: str, shop_clock: ShopClock | None, real: Clock) -> "ShopTime":
        """That of a provider's parcels."""
        return cls(shop_clock if provider in providers_by_test_clock() else None, real)

    def now(self) -> datetime:
        """The present moment there."""
        return self.clock.now()

    def real(self, moment: datetime | None) -> datetime | None:
        """When it will be that moment there, in real time; None is never."""
        if moment is None or self.shop_clock is None:
            return moment
        return real_time(self.shop_clock, moment, self._real.now())


class _Shown:
    def __init__(self, shop_clock: ShopClock, real: Clock) -> None:
        self._shop_clock = shop_clock
        self._real = real

    def now(self) -> datetime:
        return shown(self._shop_clock, self._real.now())


@cache
def providers_by_test_clock() -> tuple[str, ...]:
    """Those whose parcels live by a shop's test clock."""
    return tuple(
        slug
        for slug in registry.slugs(Kind.CARRIERS)
        if "test_clock" in registry.manifest(Kind.CARRIERS, slug).capabilities
    )
