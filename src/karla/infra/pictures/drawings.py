"""Drawings (SVG), as many shops have their logo: handed on as they are, within bounds, and never trusted."""

import re

MEDIA_TYPE = "image/svg+xml"
MAX_BYTES = 256 * 1024
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
"""The Content-Security-Policy that a drawing is served with."""

_COMMENTS = rb"(?:<!--(?:(?!-->).)*+-->\s*+)*+"
# Nothing is tried twice: strangers choose what is looked at.
_BEGINNING = re.compile(
    rb"(?:\xef\xbb\xbf)?+\s*+(?:<\?xml\b[^>]*+>\s*+)?+"
    + _COMMENTS
    + rb"(?:<!DOCTYPE\s[^\[>]*+>\s*+)?+"
    + _COMMENTS
    + rb"<svg[\s>]",
    re.DOTALL | re.IGNORECASE,
)


def is_drawing(content: bytes) -> bool:
    """Whether it is a drawing that may be handed on: of a bearable size, and without entities, which can grow.

    What it holds beyond that does no harm where it is served by `POLICY`: there is no script, no other file, no origin.
    """
    return len(content) <= MAX_BYTES and _BEGINNING.match(content) is not None and b"<!entity" not in content.lower()
