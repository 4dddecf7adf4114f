"""The keys of everything that lets shoppers in, derived from Karla's secret keys, each for its purpose alone."""

from collections.abc import Sequence

import msgspec

from karla.domain.shoppers.rules.signatures import SigningKeys
from karla.infra.sealing import derived_key


class ShopperKeys(msgspec.Struct, frozen=True):
    """Those that sign order tokens and sessions, and the one that makes names of addresses and typed numbers."""

    tokens: SigningKeys
    sessions: SigningKeys
    attempts: bytes

    @classmethod
    def of(cls, secrets: Sequence[str]) -> "ShopperKeys":
        """From Karla's secret keys, the newest first."""
        return cls(
            tokens=SigningKeys(secrets, "order tokens"),
            sessions=SigningKeys(secrets, "shoppers' sessions"),
            attempts=derived_key(secrets[0], "attempts of shoppers"),
        )
