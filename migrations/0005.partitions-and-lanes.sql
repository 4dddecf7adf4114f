-- What grows without end is kept in partitions by month; each webhook gets a lane, and ways to be served.
-- Not safe while old code runs: the log of attempts moves into its delivery. Stop all processes first; copying
-- the journal takes about a minute for five million events.

-- Which tables are partitioned, and by what. Each has a default partition as a net below the months that exist.
create table partitioned_tables (
    name        text primary key,
    time_column text not null
);

-- Makes the partitions of all months that begin before `until`; what the net caught of theirs moves into them.
create function karla_make_partitions(until timestamptz) returns integer
language plpgsql as $function$
declare
    parent record;
    month timestamp;
    child text;
    made integer := 0;
begin
    for parent in select name, time_column from partitioned_tables order by name loop
        month := date_trunc('month', now() at time zone 'UTC');
        while month at time zone 'UTC' < until loop
            child := parent.name || to_char(month, '_YYYY_MM');
            if to_regclass(child) is null then
                -- An envelope of two to eight KB is quicker written as it is than compressed first.
                execute format(
                    'create table %I (like %I including defaults including constraints) with (toast_tuple_target = 8160)',
                    child, parent.name
                );
                execute format(
                    'with moved as (delete from %I where %I >= $1 and %I < $2 returning *) insert into %I select * from moved',
                    parent.name || '_default', parent.time_column, parent.time_column, child
                ) using month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC';
                execute format(
                    'alter table %I attach partition %I for values from (%L) to (%L)', parent.name, child,
                    month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC'
                );
                made := made + 1;
            end if;
            month := month + interval '1 month';
        end loop;
    end loop;
    return made;
end
$function$;

-- Drops the partitions that end at or before `before`, and what the net holds of that time; answers their number.
create function karla_drop_partitions(before timestamptz) returns integer
language plpgsql as $function$
declare
    parent record;
    child record;
    dropped integer := 0;
begin
    for parent in select name, time_column from partitioned_tables order by name loop
        for child in
            select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = parent.name::regclass and c.relname ~ '_[0-9]{4}_[0-9]{2}$'
              and (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' <= before
        loop
            execute format('drop table %I', child.relname);
            dropped := dropped + 1;
        end loop;
        execute format('delete from %I where %I < $1', parent.name || '_default', parent.time_column) using before;
    end loop;
    return dropped;
end
$function$;

-- The journal.
alter table events rename to events_unpartitioned;
alter index events_pkey rename to events_unpartitioned_pkey;
drop index events_by_order, events_by_shipment, events_by_id;
create table events (
    shop_id      uuid not null references shops (id) on delete cascade,
    triggered_at timestamptz not null,
    id           uuid not null,
    source       text not null,
    ref          text not null,
    event_name   text not null,
    event_group  text,
    order_id     uuid,
    shipment_id  uuid,
    test         boolean not null default false,
    payload      bytea not null,
    primary key (shop_id, triggered_at, id)
) partition by range (triggered_at);
create index events_by_order on events (shop_id, order_id, triggered_at desc);
create index events_by_shipment on events (shop_id, shipment_id, triggered_at desc);
create index events_by_id on events (shop_id, id);
create table events_default partition of events default with (toast_tuple_target = 8160);
alter table orders set (toast_tuple_target = 8160);

-- Deliveries, each with the log of its attempts: an array of objects, the first attempt first.
-- A replay has the id of the request for it; all other deliveries have none.
-- `position` is the place of the event in the outbox: within a shipment the order in which things happened.
create table deliveries_partitioned (
    shop_id      uuid not null,
    id           uuid not null,
    webhook_id   uuid not null,
    event_id     uuid not null,
    triggered_at timestamptz not null,
    position     bigint not null,
    ordering_key uuid,
    replay_id    uuid,
    status       text not null check (status in ('pending', 'delivered', 'failed', 'cancelled')),
    attempts     integer not null,
    attempt_log  jsonb not null default '[]',
    due_at       timestamptz not null,
    created_at   timestamptz not null,
    finished_at  timestamptz,
    primary key (shop_id, id, triggered_at),
    foreign key (shop_id, webhook_id) references webhooks (shop_id, id) on delete cascade
) partition by range (triggered_at);
create table deliveries_default partition of deliveries_partitioned default;

-- What was told about shipments, in the words it was told in; `id` is the event that it became.
create table sightings (
    shop_id     uuid not null references shops (id) on delete cascade,
    received_at timestamptz not null,
    id          uuid not null,
    shipment_id uuid not null,
    origin      text not null,
    raw         bytea not null,
    primary key (shop_id, id, received_at)
) partition by range (received_at);
create index sightings_by_shipment on sightings (shop_id, shipment_id, received_at desc);
create table sightings_default partition of sightings default;

insert into events (shop_id, triggered_at, id, source, ref, event_name, event_group, order_id, shipment_id, payload)
select shop_id, triggered_at, id, source, ref, event_name, event_group, order_id, shipment_id, payload
from events_unpartitioned;

insert into deliveries_partitioned (shop_id, id, webhook_id, event_id, triggered_at, position, status, attempts,
                                    attempt_log, due_at, created_at, finished_at)
select d.shop_id, d.id, d.webhook_id, d.event_id, d.triggered_at, 0, d.status, d.attempts,
       coalesce((
           select jsonb_agg(jsonb_build_object(
               'started_at', to_char(a.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.USZ'),
               'duration_ms', a.duration_ms, 'status_code', a.status_code, 'error', a.error,
               'response_excerpt', a.response_excerpt) order by a.number)
           from delivery_attempts a where a.shop_id = d.shop_id and a.delivery_id = d.id), '[]'),
       d.due_at, d.created_at, d.finished_at
from deliveries d;

drop table delivery_attempts, deliveries, events_unpartitioned;
alter table deliveries_partitioned rename to deliveries;
create index deliveries_due on deliveries (webhook_id, due_at) where status = 'pending';
create index deliveries_in_order on deliveries (webhook_id, ordering_key, position)
    where status = 'pending' and ordering_key is not null;
create index deliveries_by_webhook on deliveries (shop_id, webhook_id, created_at desc, id);
create index deliveries_failed on deliveries (shop_id, webhook_id, triggered_at) where status = 'failed';
create index deliveries_by_replay on deliveries (shop_id, replay_id) where replay_id is not null;
create index deliveries_replayed on deliveries (shop_id, webhook_id, event_id) where replay_id is not null;

insert into partitioned_tables (name, time_column)
values ('events', 'triggered_at'), ('deliveries', 'triggered_at'), ('sightings', 'received_at');
do $make$ begin perform karla_make_partitions(now() + interval '3 months'); end $make$;

-- Which shipment an event is about goes along with it, for webhooks that want their events in order.
alter table outbox add column ordering_key uuid;

alter table webhooks
    add column ordering text not null default 'none' check (ordering in ('none', 'shipment')),
    add column payload_format text not null default 'karla' check (payload_format in ('karla', 'cloudevents')),
    add column previous_secret text,
    add column previous_secret_until timestamptz,
    add column disabled_reason text check (disabled_reason in ('gone')),
    -- Where in the outbox its events begin: a place, as the clocks of several machines differ.
    add column active_from bigint not null default 0;
update webhooks w set active_from = coalesce(
    (select max(o.id) from outbox o where o.shop_id = w.shop_id and o.triggered_at < w.active_since), 0);

-- The moving part of a webhook: when its next delivery is due at the earliest, and how it has been doing.
-- Claims look at lanes only, so that a long queue behind one of them is nobody else's matter.
create table webhook_lanes (
    shop_id          uuid not null,
    webhook_id       uuid not null,
    next_due_at      timestamptz not null default 'infinity',
    paused_until     timestamptz,
    failures         integer not null default 0,
    failing_since    timestamptz,
    reported_at      timestamptz,
    last_success_at  timestamptz,
    last_failure     jsonb,
    primary key (shop_id, webhook_id),
    foreign key (shop_id, webhook_id) references webhooks (shop_id, id) on delete cascade
) with (fillfactor = 50);
create index webhook_lanes_due on webhook_lanes (next_due_at) where next_due_at < 'infinity';

insert into webhook_lanes (shop_id, webhook_id, next_due_at)
select w.shop_id, w.id, coalesce(min(d.due_at), 'infinity')
from webhooks w left join deliveries d on d.shop_id = w.shop_id and d.webhook_id = w.id and d.status = 'pending'
group by w.shop_id, w.id;

create table replays (
    shop_id      uuid not null,
    id           uuid not null,
    webhook_id   uuid not null,
    criteria     jsonb not null,
    deliveries   integer not null,
    created_at   timestamptz not null,
    primary key (shop_id, id),
    foreign key (shop_id, webhook_id) references webhooks (shop_id, id) on delete cascade
);
