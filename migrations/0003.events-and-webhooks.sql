-- The journal of what was announced, the outbox beside it, and the subscribers with their deliveries.
-- Safe while old code runs: creates new tables only.

-- `payload` holds the very bytes that every subscriber gets, so that each attempt and each replay signs the same.
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
    payload      bytea not null,
    primary key (shop_id, triggered_at, id)
);
create index events_by_order on events (shop_id, order_id, triggered_at desc);
create index events_by_shipment on events (shop_id, shipment_id, triggered_at desc);
create index events_by_id on events (shop_id, id);

-- Written in the transaction of the change itself; the relay turns a row into deliveries and deletes it.
create table outbox (
    id           bigint generated always as identity primary key,
    shop_id      uuid not null,
    event_id     uuid not null,
    triggered_at timestamptz not null,
    filters      text[] not null
);

create table webhooks (
    shop_id        uuid not null references shops (id) on delete cascade,
    id             uuid not null,
    url            text not null,
    enabled_events text[] not null,
    secret         text not null,
    description    text,
    status         text not null check (status in ('active', 'inactive')),
    active_since   timestamptz not null,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    primary key (shop_id, id)
);

create table deliveries (
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
create index deliveries_due on deliveries (due_at) where status = 'pending';
create index deliveries_by_webhook on deliveries (shop_id, webhook_id, created_at desc, id);

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
    foreign key (shop_id, delivery_id) references deliveries (shop_id, id) on delete cascade
);
