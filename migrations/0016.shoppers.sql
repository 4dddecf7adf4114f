-- Shoppers get in without an account: order tokens, and how often somebody guessed wrong.
-- Safe while old code runs: creates new tables, and lets the audit trail name one more kind of actor.

-- The token itself is not here: it is derived from `id` by a key that the database doesn't have.
create table order_tokens (
    shop_id    uuid not null,
    id         uuid not null,
    order_id   uuid not null,
    -- Which of Karla's secret keys it is signed by; the name tells nothing of the key.
    key_name   text not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    primary key (shop_id, id),
    foreign key (shop_id, order_id) references orders (shop_id, id) on delete cascade
);
create index order_tokens_by_order on order_tokens (shop_id, order_id);

-- How full a bucket of wrong guesses was at `updated_at`; it drains by the clock. `bucket` is a keyed hash, of an
-- address or of a number as somebody typed it, so that nobody reads here who was looking for what.
create table lookup_failures (
    shop_id    uuid not null references shops (id) on delete cascade,
    bucket     bytea not null,
    level      double precision not null,
    updated_at timestamptz not null,
    primary key (shop_id, bucket)
) with (fillfactor = 70);
create index lookup_failures_by_age on lookup_failures (updated_at);

select karla_isolate(name::regclass) from unnest(array['order_tokens', 'lookup_failures']) as tenant_tables (name);

alter table audit_entries
    drop constraint audit_entries_actor_kind_check,
    add constraint audit_entries_actor_kind_check check (actor_kind in ('key', 'operator', 'shopper', 'system'));
