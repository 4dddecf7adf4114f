"""Requests as a server hands them to the app, for what no client library does: staying, and leaving too early."""

from typing import Any


def http_scope(method: str, path: str, **headers: str) -> Any:
    """The scope of a request that came over HTTP from somewhere."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"karla.test"), *((name.encode(), value.encode()) for name, value in headers.items())],
        "client": ("198.51.100.9", 4000),
        "server": ("karla.test", 80),
    }
