-- A shop's accounts with third parties.
-- Safe while old code runs: adds a table, which old code doesn't know.

-- `slug` is that of the integration. `credentials` are whole and sealed by the secret key, so that neither a look at
-- the table nor a backup without that key tells them; beside them stands what may be shown: of those that are no
-- secret the values (`settings`), of the others a hint.
create table connections (
    shop_id        uuid not null references shops (id) on delete cascade,
    id             uuid not null,
    kind           text not null,
    slug           text not null,
    name           text not null,
    credentials    bytea not null,
    settings       jsonb not null,
    hints          jsonb not null,
    status         text not null check (status in ('active', 'refused', 'paused')),
    refused_reason text,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    last_used_at   timestamptz,
    last_ok_at     timestamptz,
    last_error     text,
    primary key (shop_id, id),
    unique (shop_id, kind, slug),
    check (status <> 'refused' or refused_reason is not null)
);
select karla_isolate('connections');
