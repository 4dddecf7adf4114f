-- How long parcels take is learnt from those that arrived, and says when others are expected that no carrier promises.
-- Safe while old code runs: creates new tables, and adds a column without a default that it doesn't read.

-- How sure the window is, 0 to 1, where it is a forecast; null: the carrier's promise.
alter table shipments add column expected_confidence double precision;

-- A parcel that arrived. `days` are those of the calendar from handing in to arrival at the destination, `steps` the
-- ones of them on which is delivered there; an unknown service or origin is ''.
create table transit_samples (
    shop_id      uuid not null,
    shipment_id  uuid not null,
    origin       text not null,
    destination  text not null,
    carrier      text not null,
    service      text not null,
    weekday      smallint not null,
    days         smallint not null,
    steps        smallint not null,
    delivered_at timestamptz not null,
    -- Whether the counts below have it as it is, and under which lane they had it last.
    counted             boolean not null default false,
    counted_origin      text,
    counted_destination text,
    primary key (shop_id, shipment_id),
    foreign key (shop_id, shipment_id) references shipments (shop_id, id) on delete cascade
);
create index transit_samples_by_lane on transit_samples (shop_id, origin, destination);
create index transit_samples_uncounted on transit_samples (shop_id, origin, destination) where not counted;
create index transit_samples_by_age on transit_samples (delivered_at);

-- How many of a shop's parcels took how long: `samples` runs parallel to `days`. '*' is any carrier or service, and
-- weekday 0 any day; with a weekday the days are those of the calendar, without one those on which is delivered.
create table shop_transit_times (
    shop_id     uuid not null references shops (id) on delete cascade,
    origin      text not null,
    destination text not null,
    carrier     text not null,
    service     text not null,
    weekday     smallint not null,
    days        smallint[] not null,
    samples     integer[] not null,
    primary key (shop_id, origin, destination, carrier, service, weekday)
);
create index shop_transit_times_by_lane on shop_transit_times (origin, destination);

-- The same of all shops together: only what enough parcels of enough shops stand for, so that nothing of one shop
-- shows in another's forecasts.
create table transit_times (
    origin      text not null,
    destination text not null,
    carrier     text not null,
    service     text not null,
    weekday     smallint not null,
    days        smallint[] not null,
    samples     integer[] not null,
    counted_at  timestamptz not null,
    primary key (origin, destination, carrier, service, weekday)
);

select karla_isolate(name::regclass)
from unnest(array['transit_samples', 'shop_transit_times']) as tenant_tables (name);
