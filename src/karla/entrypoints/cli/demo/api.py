"""The shop's software: calls the public API with its key."""

import base64
import json
import time
from typing import Any

import msgspec

from karla.entrypoints.cli.demo.instance import DemoFailed
from karla.infra.http import Egress, EgressError

_READ_LIMIT = 4 * 1024 * 1024


class Answer(msgspec.Struct, frozen=True):
    """`body` is parsed JSON."""

    status: int
    body: Any
    milliseconds: int


class ShopApi:
    """One shop's part of the API."""

    def __init__(self, egress: Egress, base_url: str, slug: str, username: str, key: str) -> None:
        self._egress = egress
        self._root = f"{base_url}/v1/shops/{slug}"
        credentials = base64.b64encode(f"{username}:{key}".encode()).decode()
        self._headers = {
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    async def call(self, method: str, path: str, body: Any = None, language: str = "en") -> Answer:
        """Call a path below the shop's, whatever the answer; DemoFailed when there is none."""
        sent = None if body is None else json.dumps(body).encode()
        began = time.perf_counter()
        try:
            answer = await self._egress.request(
                method,
                self._root + path,
                {**self._headers, "Accept-Language": language},
                body=sent,
                read_limit=_READ_LIMIT,
            )
            found = json.loads(answer.excerpt) if answer.excerpt else None
        except (EgressError, TimeoutError, ValueError) as error:
            raise DemoFailed(f"{method} {path} got no answer in JSON: {type(error).__name__} {error}") from error
        return Answer(answer.status, found, int((time.perf_counter() - began) * 1000))

    async def page(self, url: str) -> tuple[int, str]:
        """Status and text of a page, opened without a key; DemoFailed when there is no answer."""
        try:
            answer = await self._egress.request("GET", url, {"Accept-Language": "en"}, read_limit=_READ_LIMIT)
        except (EgressError, TimeoutError) as error:
            raise DemoFailed(f"A shopper's page got no answer: {type(error).__name__} {error}") from error
        return answer.status, answer.excerpt.decode(errors="replace")

    async def read(self, path: str, language: str = "en") -> Any:
        """What a GET answers; DemoFailed if that isn't 200."""
        answer = await self.call("GET", path, language=language)
        if answer.status != 200:
            raise DemoFailed(f"GET {path} answers {answer.status}: {answer.body}")
        return answer.body
