"""Credentials on their way from a form to a connection: completed, checked by the manifest, tried at the provider."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from karla.domain.connections.records import Wish
from karla.entrypoints.api.connections.responses import Verdict
from karla.entrypoints.api.services import Services
from karla.infra.errors import Fault, Invalid, ProviderUnavailable
from karla.infra.http import target_problem
from karla.integrations import contract, manifests, registry
from karla.integrations.carriers.contract import Carrier
from karla.integrations.contract import Kind, Manifest

_OPENED: Mapping[Kind, Callable[..., Carrier]] = MappingProxyType({Kind.CARRIERS: registry.carrier})


class Trial(msgspec.Struct, frozen=True):
    """What the provider said to credentials: a sentence where it isn't `ok`; seconds to wait where it said so."""

    verdict: Verdict
    message: str | None = None
    after: float | None = None


def completed(about: Manifest, given: Mapping[str, str | None], stored: Mapping[str, str] | None) -> dict[str, str]:
    """What was filled in, and the stored secrets that were left out.

    These are kept only while nothing else changes but how fast the account may be used: by a change of the address a
    secret that nobody can read would be sent to whom one likes.
    """
    filled = {name: value for name, value in given.items() if value}
    if stored is None or _places(about, filled) != _places(about, stored):
        return filled
    return {field.name: stored[field.name] for field in about.credentials if _kept(field, stored)} | filled


def _kept(field: contract.CredentialField, stored: Mapping[str, str]) -> bool:
    return field.sensitive and field.name in stored


def _places(about: Manifest, credentials: Mapping[str, str]) -> dict[str, str]:
    """All that is neither secret nor pace."""
    left_out = {field.name for field in about.credentials if field.sensitive} | {*about.pace_fields.values()}
    told = manifests.with_defaults(about, credentials)
    return {name: value for name, value in told.items() if name not in left_out}


def demand_faultless(about: Manifest, credentials: Mapping[str, str], *, allow_private: bool) -> None:
    """Invalid with every fault of the form."""
    faults = manifests.credential_faults(about, credentials)
    faulty = {fault.field for fault in faults}
    for name, value in credentials.items():
        if name not in faulty and value.startswith(("http://", "https://")):
            problem = target_problem(value, allow_private)
            if problem:
                faults.append(Fault(("body", "credentials", name), f"Can't be reached: {problem}", "url_invalid"))
    if faults:
        raise Invalid("connection_invalid", f"The credentials for {about.name} are not valid.", faults)


async def tried(services: Services, about: Manifest, credentials: Mapping[str, str]) -> Trial:
    """Ask the provider now, by one call or as many as it takes."""
    account = _OPENED[about.kind](about.slug, credentials, services.egress, services.clock)
    try:
        await account.try_credentials()
    except (contract.Unauthorised, contract.Refused) as refusal:
        return Trial("refused", f"{about.name} doesn't take these credentials: {refusal.message}")
    except contract.Busy as busy:
        return Trial("busy", f"{about.name} takes no more calls right now.", busy.after)
    except contract.Unreachable as failure:
        return Trial("unreachable", f"{about.name} can't be reached: {failure.reason}.")
    return Trial("ok")


def demand_taken(trial: Trial) -> None:
    """Invalid where the provider refuses the credentials, ProviderUnavailable where it doesn't say."""
    match trial.verdict:
        case "refused":
            fault = Fault(("body", "credentials"), "Are refused by the provider", "credentials_refused")
            raise Invalid("credentials_refused", trial.message, [fault])
        case "busy":
            headers = {} if trial.after is None else {"Retry-After": str(math.ceil(trial.after) or 1)}
            raise ProviderUnavailable("provider_busy", f"{trial.message} Nothing was saved.", headers=headers)
        case "unreachable":
            raise ProviderUnavailable("provider_unreachable", f"{trial.message} Nothing was saved.")


def wish_of(about: Manifest, name: str, credentials: Mapping[str, str]) -> Wish:
    """Credentials that were taken, as the domain keeps them."""
    sensitive = {field.name for field in about.credentials if field.sensitive}
    shown = manifests.masked(about, credentials)
    return Wish(
        kind=str(about.kind),
        slug=about.slug,
        name=name,
        credentials=credentials,
        settings={field: value for field, value in shown.items() if field not in sensitive},
        hints={field: value for field, value in shown.items() if field in sensitive},
    )
