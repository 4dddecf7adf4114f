-- Replays go: the older schema has one delivery an event and webhook. So do sightings and the state of lanes.
create table events_unpartitioned (
    shop_id      uuid not null references shops (id) on delete cascade,
    triggered_at timestamptz not null,
    id           uuid not null,
    source       text not null,
    ref          text not null,
    event_name   text not null,
    event_group  text,
    order_id     uuid,
    shipment_id  uuid,
    payload      bytea not null
);
insert into events_unpartitioned
select shop_id, triggered_at, id, source, ref, event_name, event_group, order_id, shipment_id, payload
from events where not test;

create table deliveries_unpartitioned (
    shop_id      uuid not null,
    id           uuid not null,
    webhook_id   uuid not null,
    event_id     uuid not null,
    triggered_at timestamptz not null,
    status       text not null check (status in ('pending', 'delivered', 'failed', 'cancelled')),
    attempts     integer not null,
    due_at       timestamptz not null,
    created_at   timestamptz not null,
    finished_at  timestamptz,
    primary key (shop_id, id),
    unique (shop_id, webhook_id, event_id),
    foreign key (shop_id, webhook_id) references webhooks (shop_id, id) on delete cascade
);
insert into deliveries_unpartitioned
select d.shop_id, d.id, d.webhook_id, d.event_id, d.triggered_at, d.status, d.attempts, d.due_at, d.created_at,
       d.finished_at
from deliveries d
join events e on e.shop_id = d.shop_id and e.triggered_at = d.triggered_at and e.id = d.event_id
where d.replay_id is null and not e.test;

create table delivery_attempts (
    shop_id          uuid not null,
    delivery_id      uuid not null,
    number           integer not null,
    started_at       timestamptz not null,
    duration_ms      integer not null,
    status_code      integer,
    error            text,
    response_excerpt text,
    primary key (shop_id, delivery_id, number),
    foreign key (shop_id, delivery_id) references deliveries_unpartitioned (shop_id, id) on delete cascade
);
insert into delivery_attempts
select d.shop_id, d.id, a.number, (a.attempt ->> 'started_at')::timestamptz, (a.attempt ->> 'duration_ms')::integer,
       (a.attempt ->> 'status_code')::integer, a.attempt ->> 'error', a.attempt ->> 'response_excerpt'
from deliveries d
join deliveries_unpartitioned u on u.shop_id = d.shop_id and u.id = d.id
cross join lateral jsonb_array_elements(d.attempt_log) with ordinality as a (attempt, number);

drop table replays, webhook_lanes, sightings, deliveries, events, partitioned_tables;
drop function karla_make_partitions(timestamptz);
drop function karla_drop_partitions(timestamptz);

alter table events_unpartitioned rename to events;
alter table events add primary key (shop_id, triggered_at, id);
create index events_by_order on events (shop_id, order_id, triggered_at desc);
create index events_by_shipment on events (shop_id, shipment_id, triggered_at desc);
create index events_by_id on events (shop_id, id);
alter table deliveries_unpartitioned rename to deliveries;
create index deliveries_due on deliveries (due_at) where status = 'pending';
create index deliveries_by_webhook on deliveries (shop_id, webhook_id, created_at desc, id);

alter table outbox drop column ordering_key;
alter table webhooks
    drop column ordering,
    drop column payload_format,
    drop column previous_secret,
    drop column previous_secret_until,
    drop column disabled_reason,
    drop column active_from;
alter table orders reset (toast_tuple_target);
