"""The first shopper of a process doesn't wait for what the process could have had before."""

from karla.entrypoints.api.storefront.demos.warming import warm
from karla.entrypoints.api.storefront.documents.views import country_name
from karla.vocabulary.events import LANGUAGES
from tests.support.karla import Karla


async def test_every_language_is_there_before_anybody_asks(karla: Karla) -> None:
    country_name.cache_clear()
    warm(karla.services)
    read = country_name.cache_info().misses
    assert read >= len(LANGUAGES)
    assert {country_name("DE", language) for language in ("de", "fr", "pl")} == {"Deutschland", "Allemagne", "Niemcy"}
    assert country_name.cache_info().misses == read
