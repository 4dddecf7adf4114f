"""Small pictures of what strangers serve: their addresses, how they are fetched, and how they are kept."""

from karla.infra.pictures.fetching import FetchFailed, fetched
from karla.infra.pictures.keeping import PictureMissing, Pictures
from karla.infra.pictures.links import Kind, Named, PictureSigner, picture_url

__all__ = ["FetchFailed", "Kind", "Named", "PictureMissing", "PictureSigner", "Pictures", "fetched", "picture_url"]
