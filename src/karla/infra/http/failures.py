"""Why an outgoing request got no answer; messages hold no URL, no address and no secret."""

from typing import Literal

Reason = Literal["dns", "connect", "tls", "timeout", "reset", "protocol"]


class EgressError(Exception):
    """There is no answer. `reason` may be shown to the owner of the target and kept in the attempt log."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class TargetForbidden(EgressError):
    """Nothing was sent, as the target is not one that may be reached; `reason` is a short sentence part.

    A name's addresses may change, so a later attempt can succeed.
    """


class Unreachable(EgressError):
    """The target was allowed, but no full answer came; it may have read the request all the same.

    `dns` the name has no address; `connect` nobody listens there or no way leads there; `tls` no
    trusted TLS 1.2 or later; `timeout` too slow, at any step; `reset` the connection was cut;
    `protocol` what came is not HTTP.
    """

    def __init__(self, reason: Reason, duration_ms: int) -> None:
        self.duration_ms = duration_ms
        super().__init__(reason)
