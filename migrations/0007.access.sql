-- Keys tell when they were last used and may have a limit of their own; a POST that is sent again finds its
-- first answer; every administrative change leaves an entry.
-- Safe while old code runs: adds tables, and columns that may be null.

alter table api_keys
    add column last_used_at timestamptz,
    add column requests_per_minute integer check (requests_per_minute > 0);

-- One row a request that had an Idempotency-Key; `digest` is that key's SHA-256, `fingerprint` the request's.
-- While it runs it is leased to one `run`; `committed_at` is set in the transaction of its change.
-- `answer` is encrypted so that only who holds the API key can read it.
create table idempotency_keys (
    organisation_id uuid not null references organisations (id) on delete cascade,
    key_id          uuid not null,
    digest          bytea not null,
    fingerprint     bytea not null,
    run             uuid not null,
    started_at      timestamptz not null,
    leased_until    timestamptz not null,
    committed_at    timestamptz,
    answer          bytea,
    primary key (organisation_id, key_id, digest)
);
create index idempotency_keys_by_age on idempotency_keys (started_at);

-- Who changed what. An entry outlives its shop and its object, so it refers to neither;
-- one without a shop concerns the organisation, or several of its shops.
create table audit_entries (
    organisation_id uuid not null references organisations (id) on delete cascade,
    id              uuid not null,
    changed_at      timestamptz not null,
    shop_id         uuid,
    shop_slug       text,
    action          text not null,
    object_id       text not null,
    actor_kind      text not null check (actor_kind in ('key', 'operator', 'system')),
    actor_id        uuid,
    actor_name      text not null,
    before          jsonb,
    after           jsonb,
    ip_address      text,
    user_agent      text,
    request_id      text,
    primary key (organisation_id, id)
);
create index audit_entries_by_time on audit_entries (organisation_id, changed_at desc, id desc);
create index audit_entries_by_shop on audit_entries (shop_id, changed_at desc, id desc) where shop_id is not null;
