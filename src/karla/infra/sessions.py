"""What a session of the database may see: its role, and the scope that it was told of.

Row-level security (migration 0006) shows a session the rows of `karla.shops` alone, or all if `karla.everywhere`.
"""

import asyncpg

from karla.vocabulary.scope import Scope

ROLE = "karla_app"
"""What a session becomes whose own user would bypass row-level security; `karla.infra.migrations` makes it."""


class NotIsolated(Exception):
    """The database would show every shop's rows to every session, so nothing is asked of it."""


class Session(asyncpg.Connection):
    """A connection that knows which scope it has told the server, so that it tells it only of another."""

    _told: Scope | None = None

    def change_to(self, scope: Scope, *, local: bool = False) -> str:
        """The statements that tell the server of `scope`, for a transaction if `local`; none if it knows it already."""
        words, told = "set local" if local else "set", self._told
        statements = []
        if told is None or told.shops != scope.shops:
            statements.append(f"{words} karla.shops = '{{{','.join(shop.hex for shop in scope.shops)}}}'")
        if told is None or told.everywhere != scope.everywhere:
            statements.append(f"{words} karla.everywhere = '{'on' if scope.everywhere else 'off'}'")
        return "; ".join(statements)

    async def tell(self, scope: Scope, seconds: float) -> bool:
        """Let the statements that follow see the rows of `scope`; whether there was anything to tell.

        TimeoutError when the server takes longer than `seconds` to hear it.
        """
        change = self.change_to(scope)
        if not change:
            return False
        self._told = None  # whatever becomes of the statement, until it has been answered
        await self.execute(change, timeout=seconds)
        self._told = scope
        return True


async def take_role(session: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Let a session whose user would bypass row-level security go on as `ROLE`; NotIsolated where it can't."""
    try:
        await session.execute(
            f"""
            select set_config('role', '{ROLE}', false)
            from pg_roles where rolname = current_user and (rolsuper or rolbypassrls)
            """  # noqa: S608 - a name of our own
        )
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
        raise NotIsolated(
            f"The user of the database bypasses row-level security, and can't take the role {ROLE} instead ({error}). "
            f"Connect as another user, or let a superuser run `create role {ROLE} nologin; "
            f"grant {ROLE} to {await session.fetchval('select quote_ident(current_user)')}`, and then `karla migrate`."
        ) from error


async def demand_isolation(session: "asyncpg.Connection[asyncpg.Record]") -> None:
    """NotIsolated unless every table that has row-level security has it for this session."""
    row = await session.fetchrow(
        """
        select count(*) as guarded, count(*) filter (where not row_security_active(oid)) as bypassed
        from pg_class where relrowsecurity and pg_table_is_visible(oid)
        """
    )
    assert row is not None, "an aggregate has one row"  # noqa: S101
    if not row["guarded"]:
        raise NotIsolated("The schema of the database is older than this Karla. Run `karla migrate`.")
    if row["bypassed"]:
        raise NotIsolated("The user of the database bypasses row-level security. Connect as another user.")
