"""One call through its attempts: what each loop around an HTTP client asks between sending and waiting."""

from typing import Generic, TypeVar

import httpx

from karla.client.calls import Call
from karla.client.errors import ApiError, ConnectionFailed, error_of
from karla.client.retries import Retries, Trial, passes, retry_after

T = TypeVar("T")

_PORTS = {"http": 80, "https": 443}


class Exchange(Generic[T]):
    """Decides after each attempt: the answer counts, the call is made again after a wait, or it has failed."""

    def __init__(self, call: Call[T], retries: Retries, timeout: float) -> None:
        self._call = call
        self._trial = Trial(retries)
        self._timeout = timeout
        self._unanswered = False

    def request(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """What to send now; no step of it may last beyond the deadline."""
        return self._call.request(http, max(0.001, min(self._timeout, self._trial.remaining())))

    def failed(self, error: httpx.RequestError) -> float:
        """Seconds to wait after an attempt without answer; ConnectionFailed when it was the last."""
        self._unanswered = True
        wait = self._trial.pause() if may_pass(error) else None
        if wait is None:
            raise no_answer(self._call.operation, error, self._trial.attempts) from error
        return wait

    def answered(self, response: httpx.Response) -> float | None:
        """None when the answer counts, else seconds to wait; ApiError when it is the last word."""
        if response.is_success or self._is_gone(response):
            return None
        error = refusal(self._call, response)
        wait = self._trial.pause(error.retry_after) if passes(error.status, error.key) else None
        if wait is None:
            raise error
        return wait

    def _is_gone(self, response: httpx.Response) -> bool:
        """What an unanswered DELETE may have deleted already is deleted."""
        return self._call.method == "DELETE" and response.status_code == 404 and self._unanswered


def may_pass(error: httpx.RequestError) -> bool:
    """Whether another attempt may fare better; not when the request itself is wrong."""
    return isinstance(error, httpx.TransportError) and not isinstance(
        error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
    )


def no_answer(operation: str, error: httpx.RequestError | None, attempts: int) -> ConnectionFailed:
    """The error of a call that got no answer, or of a stream that ended; of an address it names host and port alone."""
    if error is None:
        return ConnectionFailed(f"{operation}: the stream ends again and again")
    reason = f"{type(error).__name__} {error}".strip()
    times = f", {attempts} attempts" if attempts > 1 else ""
    return ConnectionFailed(f"{operation}: no answer from {_place(error.request.url)}{times}: {reason}")


def _place(url: httpx.URL) -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port or _PORTS.get(url.scheme, '')}".rstrip(":")


def refusal(call: Call[T], response: httpx.Response) -> ApiError:
    """The error of an answer that has been read."""
    return error_of(response, call.operation, retry_after(response.headers))
