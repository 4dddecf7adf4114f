"""Whatever is sent to any operation of the OpenAPI document, the answer is none of 5xx, and one of the document's."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from karla.infra.settings import Settings
from karla.vocabulary.scope import Role
from tests.support.documents import the_document
from tests.support.karla import Karla, ShopClient
from tests.support.serving import served

# A stream has no end to wait for.
schema = schemathesis.openapi.from_dict(the_document()).exclude(operation_id="v1EventsStream")


class Target(NamedTuple):
    """Where to, and as whom."""

    url: str
    caller: ShopClient


@pytest.fixture(scope="module")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    with served(settings, database_url) as url:
        yield url


@pytest_asyncio.fixture(scope="module")
async def target(address: str, karla: Karla) -> Target:
    return Target(address, await karla.shop(Role.ADMIN, whole_organisation=True))


@schema.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_operation_fails(case: Case[Any], target: Target) -> None:
    path: dict[str, Any] = case.path_parameters or {}
    if "slug" in path and case.operation.label != "DELETE /v1/shops/{slug}":
        path["slug"] = target.caller.shop.organisation if "/orgs/" in case.path else target.caller.slug
    answer = case.call(base_url=target.url, headers=target.caller.headers)
    case.validate_response(answer, checks=[not_a_server_error, status_code_conformance, response_schema_conformance])
