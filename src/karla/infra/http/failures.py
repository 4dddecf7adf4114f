"""Why an outgoing request got no answer; messages hold no URL, no address and no secret."""

from typing import Literal

Reason = Literal["dns", "connect", "gateway", "tls", "timeout", "reset", "protocol"]
OwnReason = Literal[
    "source_address",
    "dns_unavailable",
    "proxy_connect",
    "proxy_auth",
    "proxy_refused",
    "proxy_timeout",
    "proxy_reset",
    "proxy_protocol",
]


class EgressError(Exception):
    """There is no answer. `reason` may be shown to the owner of the target and kept in the attempt log."""

    def __init__(self, reason: str, duration_ms: int = 0) -> None:
        self.reason = reason
        self.duration_ms = duration_ms
        super().__init__(reason)


class TargetForbidden(EgressError):
    """Nothing was sent, as the target is not one that may be reached; `reason` is a short sentence part.

    A name's addresses may change, so a later attempt can succeed.
    """


class Unreachable(EgressError):
    """The target was allowed, but no full answer came; it may have read the request all the same.

    `dns` the name has no address, as its name servers say; `connect` nobody listens there or no way leads
    there; `gateway` the proxy says so; `tls` no trusted TLS of the least version; `timeout` too slow, at
    any step; `reset` the connection was cut; `protocol` what came is not HTTP.
    """

    def __init__(self, reason: Reason, duration_ms: int = 0) -> None:
        super().__init__(reason, duration_ms)


class EgressUnavailable(EgressError):
    """Karla's own way out failed before the target was asked: the target has no part in it and read nothing.

    `source_address` the machine doesn't have it any more; `dns_unavailable` no name server told whether the
    target's name has an address; `proxy_connect` nobody listens there, or the
    proxy's name has no address; `proxy_auth` it doesn't take our credentials; `proxy_refused` it won't
    lead to this target; `proxy_timeout`, `proxy_reset`, `proxy_protocol` as of a target.
    """

    def __init__(self, reason: OwnReason, duration_ms: int = 0) -> None:
        super().__init__(reason, duration_ms)
