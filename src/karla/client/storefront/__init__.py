"""The client of the storefront API, for whoever builds a tracking page: it needs no key, and must hold none."""

from karla.client.storefront import answers
from karla.client.storefront.clients import AsyncStorefront, Storefront

__all__ = ["AsyncStorefront", "Storefront", "answers"]
