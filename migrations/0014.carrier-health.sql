-- How carriers answer, hour by hour: how often they were asked and what came of it, how long that took, and how old
-- their news was when it was heard.
-- Safe while old code runs: creates a new table only.

create table carrier_hours (
    shop_id  uuid not null references shops (id) on delete cascade,
    provider text not null,
    carrier  text not null,
    -- When the hour began.
    hour     timestamptz not null,
    -- Questions about one parcel each, by what came of them.
    told         integer not null default 0,
    unchanged    integer not null default 0,
    not_found    integer not null default 0,
    refused      integer not null default 0,
    unauthorised integer not null default 0,
    busy         integer not null default 0,
    unreachable  integer not null default 0,
    asked_at     timestamptz,
    told_at      timestamptz,
    -- How many questions had their answer within so many milliseconds: the bounds are those of the code, which are
    -- only ever added to at the end, and the last element counts what took longer.
    call_buckets integer[] not null default '{}',
    slowest_ms   integer,
    -- How many scans were new, and of those that tell it: how many were heard of within so many seconds.
    scans       integer not null default 0,
    age_buckets integer[] not null default '{}',
    oldest_seconds bigint,
    primary key (shop_id, provider, carrier, hour)
) with (fillfactor = 70);
create index carrier_hours_of_shop on carrier_hours (shop_id, hour);
-- What is old is pruned for all shops at once.
create index carrier_hours_by_hour on carrier_hours (hour);

select karla_isolate('carrier_hours');
