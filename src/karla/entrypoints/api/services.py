"""What the handlers work with: made once a process by `karla.main`."""

import msgspec
from litestar.types import Scope

from karla.domain.branding.rules.domains import ProofKeys
from karla.domain.shipments.records import Observation, Observed, OrderCommand, OrderFile
from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.entrypoints.api.access import Keyring
from karla.entrypoints.api.gathering import Commands, Lookups
from karla.entrypoints.api.streams import Streams
from karla.entrypoints.api.visit_log import VisitLog
from karla.entrypoints.api.watching import Watch
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.http import Egress
from karla.infra.pictures import Pictures, PictureSigner
from karla.infra.rate_limit import RateLimit
from karla.infra.sealing import Seals
from karla.infra.settings import Settings
from karla.infra.storage import ObjectStore
from karla.pipeline.backlog import BacklogMetrics


class Services(msgspec.Struct, frozen=True):
    """The parts of a running API process."""

    settings: Settings
    db: Database
    clock: Clock
    keyring: Keyring
    objects: ObjectStore
    upserts: Commands[OrderCommand, OrderFile]
    observations: Commands[Observation, Observed]
    lookups: Lookups
    key_limit: RateLimit
    bulk_limit: RateLimit
    backlog: BacklogMetrics
    streams: Streams
    egress: Egress
    seals: Seals
    shopper_keys: ShopperKeys
    watch: Watch
    pictures: Pictures
    picture_signer: PictureSigner
    visits: VisitLog
    visit_limit: RateLimit
    domain_keys: ProofKeys


def services_of(scope: Scope) -> Services:
    """Those of the application that answers this request."""
    services: Services = scope["litestar_app"].state.services
    return services
