"""Outgoing HTTP: the only way out of a Karla; `targets` is pure and may be used by rules."""

from karla.infra.http.egress import Answer, Egress
from karla.infra.http.failures import EgressError, EgressUnavailable, OwnReason, Reason, TargetForbidden, Unreachable
from karla.infra.http.route import Route
from karla.infra.http.targets import target_problem

__all__ = [
    "Answer",
    "Egress",
    "EgressError",
    "EgressUnavailable",
    "OwnReason",
    "Reason",
    "Route",
    "TargetForbidden",
    "Unreachable",
    "target_problem",
]
