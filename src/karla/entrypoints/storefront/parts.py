"""What the pages work with: made once a process."""

from urllib.parse import urlsplit

import msgspec
from litestar.enums import HttpMethod

from karla.client.storefront import AsyncStorefront
from karla.entrypoints.storefront.rendering import compile_all, environment
from karla.entrypoints.storefront.source import Source
from karla.entrypoints.storefront.words.catalogues import LANGUAGES
from karla.infra.clock import Clock
from karla.infra.in_process import Application, InProcess
from karla.infra.settings import Settings

READ = (HttpMethod.GET, HttpMethod.HEAD)
"""A page answers both: those who check links ask for its headers alone."""


class Pages(msgspec.Struct, frozen=True):
    """The parts of the pages. `public_url` is Karla's own address, without a slash at its end."""

    source: Source
    clock: Clock
    public_url: str
    shopify_app_secret: str | None

    @property
    def host(self) -> str:
        """Karla's own host, with its port where it has one."""
        return urlsplit(self.public_url).netloc.lower()


def pages_on(application: Application, settings: Settings, clock: Clock) -> Pages:
    """Pages that ask an application of this very process, as anybody would ask it from outside."""
    for language in LANGUAGES:
        environment(language)
    compile_all()
    client = AsyncStorefront(settings.base_url, transport=InProcess(application))
    return Pages(Source(client, clock), clock, settings.base_url, settings.shopify_app_secret)
