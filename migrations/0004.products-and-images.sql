-- The merchant's catalogue by variant, and the images a shop has uploaded.
-- Safe while old code runs: creates new tables only.

create table products (
    shop_id       uuid not null references shops (id) on delete cascade,
    product_id    text not null,
    variant_id    text not null,
    title         text not null,
    variant_title text,
    price         numeric,
    sku           text,
    product_url   text,
    image_url     text,
    translations  jsonb not null,
    created_at    timestamptz not null,
    updated_at    timestamptz not null,
    primary key (shop_id, product_id, variant_id)
);
create index products_by_time on products (shop_id, created_at desc, product_id, variant_id);
create index products_by_sku on products (shop_id, sku) where sku is not null;

create table images (
    shop_id      uuid not null references shops (id) on delete cascade,
    id           uuid not null,
    image_type   text not null,
    object_key   text not null unique,
    content_type text not null,
    size_bytes   integer not null,
    width        integer not null,
    height       integer not null,
    created_at   timestamptz not null,
    primary key (shop_id, id)
);
