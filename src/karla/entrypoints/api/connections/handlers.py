"""Connections: a shop's accounts with third parties: search, connect, look at, try, pause, disconnect."""

from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from karla.domain.connections import commands, queries
from karla.domain.connections.records import Account
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import from_query, json_body, no_query
from karla.entrypoints.api.connections.requests import ConnectionSearch, ConnectionUpdate, ConnectionUpsert
from karla.entrypoints.api.connections.responses import ConnectionDetail, ConnectionTested, connection_detail
from karla.entrypoints.api.connections.trying import (
    completed,
    demand_faultless,
    demand_taken,
    tried,
    wish_of,
)
from karla.entrypoints.api.integrations import demand_integration
from karla.entrypoints.api.services import Services
from karla.infra.errors import Conflict, NotFound
from karla.vocabulary.scope import Role

TAGS = ["Connections"]
_PATH = "/v1/shops/{slug:str}/connections/{kind:str}/{integration:str}"


@get(
    "/v1/shops/{slug:str}/connections",
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(ConnectionSearch)},
    operation_id="v1ConnectionsSearch",
    summary="Search connections",
    tags=TAGS,
)
async def search_connections(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    filters: NamedDependency[ConnectionSearch],
) -> list[ConnectionDetail]:
    """The shop's accounts with third parties, by kind and integration, without their secrets."""
    async with services.db.read(access.scope) as connection:
        found = await queries.connections(access.scope, connection, filters.kind, filters)
    return [connection_detail(one, access.shop.slug, services.settings.base_url) for one in found]


@get(
    _PATH,
    opt=shop_role(Role.VIEWER),
    operation_id="v1ConnectionsGet",
    summary="Get a connection",
    tags=TAGS,
)
async def get_connection(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    kind: FromPath[str],
    integration: FromPath[str],
) -> ConnectionDetail:
    """The shop's account with a third party, without its secrets; 404 `connection_not_found` without one."""
    async with services.db.read(access.scope) as connection:
        found = await queries.demand_connection(access.scope, connection, kind, integration)
    return connection_detail(found, access.shop.slug, services.settings.base_url)


@put(
    _PATH,
    opt=shop_role(Role.ADMIN),
    dto=json_body(ConnectionUpsert),
    before_request=no_query,
    operation_id="v1ConnectionsConnect",
    summary="Connect an account, or change it",
    tags=TAGS,
)
async def connect(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    kind: FromPath[str],
    integration: FromPath[str],
    data: JSONBody[ConnectionUpsert],
) -> Response[ConnectionDetail]:
    """Connect the shop's account with a third party; a shop has at most one with each.

    The credentials are tried at the third party before they are saved: 422 `credentials_refused` when it doesn't take
    them, with its words; 503 `provider_unreachable` or `provider_busy` when it doesn't say. Nothing is saved then, and
    a connection that is there stays as it is. Taken credentials end a refusal; a pause goes on.
    """
    about = demand_integration(kind, integration)
    stored = await _account(access, services, kind, integration)
    credentials = completed(about, data.credentials, stored.credentials if stored else None)
    demand_faultless(about, credentials, allow_private=services.settings.allow_private_targets)
    demand_taken(await tried(services, about, credentials))
    name = data.name or (stored.connection.name if stored else about.name)
    wish = wish_of(about, name, credentials)
    done = await services.db.write(access.scope, lambda work: commands.connect(work, services.seals, wish))
    return Response(
        connection_detail(done.connection, access.shop.slug, services.settings.base_url),
        status_code=201 if done.created else 200,
    )


@patch(
    _PATH,
    opt=shop_role(Role.ADMIN),
    dto=json_body(ConnectionUpdate),
    before_request=no_query,
    operation_id="v1ConnectionsUpdate",
    summary="Pause or rename a connection",
    tags=TAGS,
)
async def update_connection(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    kind: FromPath[str],
    integration: FromPath[str],
    data: JSONBody[ConnectionUpdate],
) -> ConnectionDetail:
    """Change what is given, without asking the third party.

    A connection that was refused before it was paused is `refused` again when the pause ends.
    """
    changed = await services.db.write(
        access.scope,
        lambda work: commands.change(work, kind, integration, name=data.name, paused=data.paused),
    )
    return connection_detail(changed, access.shop.slug, services.settings.base_url)


@delete(
    _PATH,
    opt=shop_role(Role.ADMIN),
    operation_id="v1ConnectionsDelete",
    summary="Disconnect an account",
    tags=TAGS,
)
async def disconnect(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    kind: FromPath[str],
    integration: FromPath[str],
) -> None:
    """Forget the connection and its credentials for good. The account at the third party stays as it is."""
    await services.db.write(access.scope, lambda work: commands.disconnect(work, kind, integration))


@post(
    _PATH + "/test",
    opt=shop_role(Role.ADMIN),
    before_request=no_query,
    status_code=200,
    operation_id="v1ConnectionsTest",
    summary="Test a connection",
    tags=TAGS,
)
async def test_connection(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    kind: FromPath[str],
    integration: FromPath[str],
) -> ConnectionTested:
    """Try the stored credentials at the third party now, also those of a paused connection.

    The connection is `refused` after a refusal, and no longer so when the credentials are taken. 409
    `credentials_unreadable` when they were encrypted with a secret key that this Karla doesn't have: connect anew.
    """
    about = demand_integration(kind, integration)
    stored = await _account(access, services, kind, integration)
    if stored is None:
        raise NotFound("connection_not_found", "The shop has no connection with this integration.")
    if stored.credentials is None:
        text = "The credentials were encrypted with a secret key that this Karla doesn't have; give them anew."
        raise Conflict("credentials_unreadable", text)
    trial = await tried(services, about, stored.credentials)
    refused = None if trial.verdict != "refused" else trial.message
    after = await services.db.write(
        access.scope,
        lambda work: commands.note_trial(
            work, stored.connection, taken=trial.verdict == "ok", refused=refused, error=trial.message
        ),
    )
    return ConnectionTested(
        outcome=trial.verdict,
        message=trial.message,
        connection=connection_detail(after, access.shop.slug, services.settings.base_url),
    )


async def _account(access: Access, services: Services, kind: str, integration: str) -> Account | None:
    async with services.db.read(access.scope) as connection:
        return await queries.account_of(access.scope, connection, services.seals, kind, integration)


HANDLERS = (search_connections, connect, get_connection, update_connection, disconnect, test_connection)
