"""What browsers are told beside a page: what it may load, who may frame it, who may keep it."""

import secrets
from collections.abc import Sequence

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """`own` are Karla's origins beside the page's, for what the API serves.

    `images` are those that the shop's own design names; `embedders` may show the page in theirs.
    """

    nonce: str
    own: Sequence[str] = ()
    images: Sequence[str] = ()
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
        own = " ".join(["'self'", *self.own])
        embedders = " ".join(["'self'", *self.embedders])
        return "; ".join(
            (
                "default-src 'none'",
                f"script-src 'nonce-{self.nonce}' {own}",
                f"style-src 'nonce-{self.nonce}' {own}",
                f"img-src {' '.join([own, *self.images])}",
                f"font-src {own}",
                f"connect-src {own}",
                f"form-action {own}",
                "base-uri 'none'",
                f"frame-ancestors {embedders}",
            )
        )


def nonce() -> str:
    """A new one for each page."""
    return secrets.token_urlsafe(16)
