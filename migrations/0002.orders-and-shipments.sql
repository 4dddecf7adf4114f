-- Orders, their parcels and each parcel's timeline. Tenant tables are keyed by shop first.
-- Safe while old code runs: creates new tables only.

create table orders (
    shop_id                     uuid not null references shops (id) on delete cascade,
    id                          uuid not null,
    order_number                text not null,
    external_id                 text,
    order_name                  text,
    order_placed_at             timestamptz not null,
    total_order_price           numeric,
    shipping_price              numeric,
    sub_total_price             numeric,
    discount_price              numeric,
    currency                    text not null,
    payment_status              text,
    email_id                    text,
    external_customer_id        text,
    user_agent                  text,
    weight                      numeric,
    expected_number_of_shipments integer not null,
    segments                    jsonb not null,
    address                     jsonb not null,
    products                    jsonb not null,
    discounts                   jsonb not null,
    order_analytics             jsonb not null,
    cancelled_at                timestamptz,
    created_at                  timestamptz not null,
    updated_at                  timestamptz not null,
    primary key (shop_id, id),
    unique (shop_id, order_number)
);
create unique index orders_by_external_id on orders (shop_id, external_id) where external_id is not null;
create index orders_by_name on orders (shop_id, order_name) where order_name is not null;
create index orders_by_email on orders (shop_id, lower(email_id)) where email_id is not null;
create index orders_by_zip_code on orders (shop_id, (address ->> 'zip_code'));
create index orders_by_placed_at on orders (shop_id, order_placed_at desc, id);

create table shipments (
    shop_id              uuid not null,
    id                   uuid not null,
    order_id             uuid not null,
    position             integer not null,
    tracking_number      text,
    external_shipment_id text,
    carrier_reference    text,
    tracking_company     text,
    tracking_url         text,
    tracking_placed_at   timestamptz,
    direction            text not null,
    products             jsonb,
    phase                text not null,
    state                text not null,
    flag                 text not null,
    event_name           text,
    event_time           timestamptz,
    expected_from        timestamptz,
    expected_to          timestamptz,
    pickup               jsonb,
    created_at           timestamptz not null,
    updated_at           timestamptz not null,
    primary key (shop_id, id),
    foreign key (shop_id, order_id) references orders (shop_id, id) on delete cascade,
    unique (shop_id, order_id, tracking_number)
);
create index shipments_by_order on shipments (shop_id, order_id, position);
create index shipments_by_tracking_number on shipments (shop_id, tracking_number) where tracking_number is not null;
create index shipments_by_external_id on shipments (shop_id, external_shipment_id) where external_shipment_id is not null;
create index shipments_by_updated_at on shipments (shop_id, updated_at desc, id);

-- Every scan that was ever told us, in the words it came in. `external_id` is what makes a scan the same scan.
create table shipment_events (
    shop_id         uuid not null,
    shipment_id     uuid not null,
    id              uuid not null,
    origin          text not null,
    external_id     text not null,
    event_name      text not null,
    event_time      timestamptz not null,
    correction      boolean not null default false,
    timezone        text,
    location        jsonb,
    additional_info jsonb,
    created_at      timestamptz not null,
    primary key (shop_id, shipment_id, id),
    unique (shop_id, shipment_id, origin, external_id),
    foreign key (shop_id, shipment_id) references shipments (shop_id, id) on delete cascade
);
