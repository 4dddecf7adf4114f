"""Checks of the shops' own domains: each is asked, over the way that all requests take, for what only we can say."""

import asyncio
import secrets

import structlog

from karla.domain.branding.commands import claim_due_domains, note_check
from karla.domain.branding.records import PageDomain
from karla.domain.branding.rules.domains import ELSEWHERE, NOT_PUBLIC, PROOF_PATH, ProofKeys, proves
from karla.infra.access import EVERYWHERE, scope_of
from karla.infra.db import Database
from karla.infra.http import Egress, EgressError, EgressUnavailable, TargetForbidden

log = structlog.get_logger()

_AT_ONCE = 10
_SECONDS = 5.0
_READ_LIMIT = 256


class DomainChecks:
    """Turns of a loop; any number of processes may take them, and `check` may be called beside."""

    def __init__(self, db: Database, egress: Egress, keys: ProofKeys) -> None:
        self._db = db
        self._egress = egress
        self._keys = keys

    async def turn(self) -> bool:
        """Check some domains that are due; whether there may be more."""
        due = await self._db.write(EVERYWHERE, lambda work: claim_due_domains(work, _AT_ONCE))
        await asyncio.gather(*(self.check(domain) for domain in due))
        return len(due) == _AT_ONCE

    async def check(self, domain: PageDomain) -> PageDomain:
        """The domain as it is found; as it was where our own way out failed, which says nothing of it."""
        try:
            problem = await self._problem(domain)
        except EgressUnavailable as failure:
            log.warning("domain not checked", domain=domain.domain, reason=failure.reason)
            return domain
        checked = await self._db.write(scope_of([domain.shop_id]), lambda work: note_check(work, domain, problem))
        if problem != domain.problem or domain.proven_at is None:
            log.info("domain checked", domain=domain.domain, problem=problem)
        return checked

    async def _problem(self, domain: PageDomain) -> str | None:
        # A new one each time, so that no answer of before, kept by whoever stands between, is a proof.
        challenge = secrets.token_hex(16)
        try:
            answer = await self._egress.request(
                "GET",
                f"https://{domain.domain}{PROOF_PATH}?challenge={challenge}",
                {"Accept": "text/plain"},
                timeout_seconds=_SECONDS,
                read_limit=_READ_LIMIT,
            )
        except EgressUnavailable:
            raise
        except TargetForbidden:
            return NOT_PUBLIC
        except EgressError as failure:
            return failure.reason
        told = answer.excerpt.decode("latin-1")
        good = answer.status == 200 and proves(self._keys, domain.shop_id, domain.domain, challenge, told)
        return None if good else ELSEWHERE
