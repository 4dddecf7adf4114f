-- What shoppers do on a shop's pages: counted without knowing who they are.
-- Safe while old code runs: creates new tables only.

-- One thing that somebody did. There is nothing here by which two of them could be tied to one person.
create table page_visits (
    shop_id  uuid not null references shops (id) on delete cascade,
    at       timestamptz not null,
    id       uuid not null,
    kind     text not null,
    page     text not null,
    -- Of the parcel that it was about, as it stood then; null where that isn't known.
    phase    text,
    language text,
    slot     text,
    campaign text,
    -- How long the page had been open.
    after_ms integer,
    primary key (shop_id, at, id)
) partition by range (at);
create table page_visits_default partition of page_visits default
    with (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
insert into partitioned_tables (name, time_column) values ('page_visits', 'at');
do $make$ begin perform karla_make_partitions(now() + interval '3 months'); end $make$;

-- That the page of an order was opened, for the rate of those that were; it goes when the order goes.
create table page_openings (
    shop_id         uuid not null,
    order_id        uuid not null,
    first_opened_at timestamptz not null,
    last_opened_at  timestamptz not null,
    openings        integer not null,
    engaged         boolean not null,
    primary key (shop_id, order_id),
    foreign key (shop_id, order_id) references orders (shop_id, id) on delete cascade
) with (fillfactor = 80);

select karla_isolate(name::regclass) from unnest(array['page_visits', 'page_openings']) as tenant_tables (name);
