-- Parcels are followed at their carriers: by whose account, when they are asked about next, and what was answered.
-- Safe while old code runs: creates new tables only.

-- An account's turn: what it may still ask today, and until when a worker has it for itself.
create table trackers (
    shop_id       uuid not null references shops (id) on delete cascade,
    provider      text not null,
    due_at        timestamptz not null,
    leased_until  timestamptz,
    -- Parcels that were updated before this have been looked at.
    adopted_until timestamptz,
    -- Calls of the day, which is one of UTC.
    day           date not null,
    calls         integer not null default 0,
    primary key (shop_id, provider)
);
create index trackers_due on trackers (due_at);

create table followed_parcels (
    shop_id     uuid not null,
    shipment_id uuid not null,
    provider    text not null,
    -- What it was when it began to be followed: another one is another parcel.
    carrier         text not null,
    tracking_number text not null,
    -- `infinity`: nobody is asked any more.
    due_at      timestamptz not null,
    urgency     smallint not null,
    registered  boolean not null default false,
    asked_at    timestamptz,
    changed_at  timestamptz not null,
    failures    integer not null default 0,
    digest      bytea,
    primary key (shop_id, shipment_id),
    foreign key (shop_id, shipment_id) references shipments (shop_id, id) on delete cascade
);
create index followed_parcels_due on followed_parcels (shop_id, provider, urgency, due_at) where due_at < 'infinity';

-- What providers told, byte by byte, before anybody asks what they meant.
create table provider_answers (
    shop_id      uuid not null references shops (id) on delete cascade,
    received_at  timestamptz not null,
    id           uuid not null,
    shipment_id  uuid not null,
    provider     text not null,
    -- What it was asked about: with another carrier or number it is another parcel.
    carrier         text not null,
    tracking_number text not null,
    content_type text not null,
    body         bytea not null,
    -- By which fault it could not be read, null where it could or has not been tried.
    unreadable   text,
    read_at      timestamptz,
    -- It is to be read once more, by a mended mapping.
    again        boolean not null default false,
    primary key (shop_id, received_at, id)
) partition by range (received_at);
create table provider_answers_default partition of provider_answers default
    with (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
create index provider_answers_unread on provider_answers (shop_id, received_at) where read_at is null;
create index provider_answers_by_shipment on provider_answers (shop_id, shipment_id, received_at);
insert into partitioned_tables (name, time_column) values ('provider_answers', 'received_at');
do $make$ begin perform karla_make_partitions(now() + interval '3 months'); end $make$;

select karla_isolate(name::regclass)
from unnest(array['trackers', 'followed_parcels', 'provider_answers']) as tenant_tables (name);
