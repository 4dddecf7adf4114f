"""What the first document of a process would wait for, had before anybody asks: words, names of countries, zones."""

from uuid import UUID

from karla.domain.branding.records import ShopSettings
from karla.domain.shoppers.records import Level
from karla.domain.tenants.records import Shop
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.storefront.demos.making import DemoState, file_of
from karla.entrypoints.api.storefront.documents import Surroundings, order_document
from karla.vocabulary.events import LANGUAGES

_NOBODY = UUID(int=0)
# With most kinds of parcels and events.
_STATE: DemoState = "multi"


def warm(services: Services) -> None:
    """Make a document of a made-up order in every language; for a thread, as it takes about a tenth of a second."""
    now = services.clock.now()
    shop = Shop(id=_NOBODY, organisation_id=_NOBODY, organisation="", slug="", name="", created_at=now, updated_at=now)
    surroundings = Surroundings.of(services, {})
    for language in sorted(LANGUAGES):
        file = file_of(_STATE, language, now, surroundings.public_url)
        order_document(shop, ShopSettings(), file, Level.TOKEN, language, now, surroundings)
