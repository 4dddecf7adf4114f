"""What browsers are told beside a page: what it may load, who may frame it, who may keep it."""

import re
import secrets
from collections.abc import Sequence

import msgspec

# Whatever else stands in an origin would be read as a part of the policy.
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?", re.IGNORECASE)


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """`own` are Karla's origins beside the page's, for what the API serves; `embedders` may show the page in theirs.

    There are no others: pictures of shops and carriers are Karla's to serve.
    """

    nonce: str
    own: Sequence[str] = ()
    embedders: Sequence[str] = ()
    is_private: bool = True

    @property
    def headers(self) -> dict[str, str]:
        """Of a page; what is about an order is kept by nobody and found by no search."""
        told = {
            "Content-Security-Policy": self._content,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
            "Cache-Control": "private, no-store" if self.is_private else "private, no-cache",
            "Vary": "Accept-Language",
        }
        if self.is_private:
            told["X-Robots-Tag"] = "noindex, nofollow"
        if not self.embedders:
            told["X-Frame-Options"] = "SAMEORIGIN"
        return told

    @property
    def _content(self) -> str:
        own = _listed(self.own)
        return "; ".join(
            (
                "default-src 'none'",
                # No host: what else lies on Karla's own is no page's to run.
                f"script-src 'nonce-{self.nonce}'",
                f"style-src 'nonce-{self.nonce}' {own}",
                f"img-src {own}",
                f"font-src {own}",
                f"connect-src {own}",
                f"form-action {own}",
                "base-uri 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types karla-page",
                f"frame-ancestors {_listed(self.embedders)}",
            )
        )


def _listed(origins: Sequence[str]) -> str:
    return " ".join(["'self'", *(origin for origin in origins if _ORIGIN.fullmatch(origin))])


def nonce() -> str:
    """A new one for each page."""
    return secrets.token_urlsafe(16)
