"""A shop of another origin, to try each way of embedding against a running Karla.

    python -m docs.guides.samples.embed.serve --shop demo --order-number 10001 --zip-code 10119

Each page comes with the policy that the guide asks for, and no other permission. Its address takes another order by
`?order_number=…&zip_code=…`.
"""

import argparse
import html
import json
import string
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

FOLDER = Path(__file__).parent
MEDIA_TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript; charset=utf-8"}

# What a page with the elements has to allow, and not one thing more.
FOR_ELEMENTS = (
    "default-src 'none'; style-src 'self'; script-src 'self' {karla}; connect-src {karla}; img-src {karla}; "
    "require-trusted-types-for 'script'; trusted-types karla-sdk; base-uri 'none'; form-action 'none'"
)
FOR_FRAMES = "default-src 'none'; style-src 'self'; script-src 'self' {karla}; frame-src {karla}; base-uri 'none'"
POLICIES = {"iframe.html": FOR_FRAMES, "iframe-alone.html": FOR_FRAMES}


class Shop:
    """The pages, with the values of one Karla, shop and order in them."""

    def __init__(self, *, karla: str, shop: str, order_number: str, zip_code: str) -> None:
        self.karla = karla.rstrip("/")
        its_version = version("karla")
        with urlopen(f"{self.karla}/sdk/{its_version}/integrity.json") as answer:  # noqa: S310 - an address of ours
            integrity = json.load(answer)["karla.min.js"]
        self._values = {
            "karla": self.karla,
            "shop": shop,
            "order_number": order_number,
            "zip_code": zip_code,
            "version": its_version,
            "integrity": integrity,
        }

    def page(self, address: str) -> tuple[bytes, dict[str, str]] | None:
        """Body and headers of what a path with its query names; None for what is none of ours."""
        parts = urlsplit(address)
        file = FOLDER / (parts.path.removeprefix("/") or "index.html")
        if file.parent != FOLDER or file.suffix not in MEDIA_TYPES or not file.is_file():
            return None
        headers = {"Content-Type": MEDIA_TYPES[file.suffix], "Cache-Control": "no-store"}
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".html":
            headers["Content-Security-Policy"] = POLICIES.get(file.name, FOR_ELEMENTS).format(karla=self.karla)
            values = {**self._values, **dict(parse_qsl(parts.query, keep_blank_values=True))}
            text = string.Template(text).substitute({name: html.escape(value) for name, value in values.items()})
        return text.encode(), headers


def server_of(shop: Shop, port: int = 0) -> ThreadingHTTPServer:
    """A server on loopback that answers with the pages; on any free port by default."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = shop.page(self.path)
            if found is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            body, headers = found
            self.send_response(HTTPStatus.OK)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
            """Addresses may hold what opens an order: nothing is written down."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A shop of another origin, to try the embedding of a Karla.")
    parser.add_argument("--karla", default="http://127.0.0.1:8080")
    parser.add_argument("--shop", default="demo")
    parser.add_argument("--order-number", default="")
    parser.add_argument("--zip-code", default="")
    parser.add_argument("--port", type=int, default=8090)
    asked = parser.parse_args()
    shop = Shop(karla=asked.karla, shop=asked.shop, order_number=asked.order_number, zip_code=asked.zip_code)
    server = server_of(shop, asked.port)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}  (allow this origin in the settings; localhost is not)\n")
    server.serve_forever()


if __name__ == "__main__":
    main()
