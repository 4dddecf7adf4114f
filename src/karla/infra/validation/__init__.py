"""From bytes and query strings to structs; what doesn't fit is answered with every fault by its place."""

from karla.infra.validation.body import Shape
from karla.infra.validation.query import QueryShape
from karla.infra.validation.words import invalid

__all__ = ["QueryShape", "Shape", "invalid"]
