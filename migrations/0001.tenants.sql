-- Organisations, their shops, the people and the keys that may act for them.
-- Safe while old code runs: creates new tables only.

create table organisations (
    id          uuid primary key,
    slug        text not null unique,
    name        text not null,
    created_at  timestamptz not null
);

create table shops (
    id                   uuid primary key,
    organisation_id      uuid not null references organisations (id),
    slug                 text not null unique,
    name                 text not null,
    description          text,
    language             text not null default 'en',
    shop_provider        text,
    shop_admin_url       text,
    shop_faq_url         text,
    shop_service_url     text,
    shop_url             text,
    logo_url             text,
    klaviyo_enabled      boolean not null default false,
    web_tracking_enabled boolean not null default false,
    go_live_at           timestamptz,
    created_at           timestamptz not null,
    updated_at           timestamptz not null
);
create index shops_by_organisation on shops (organisation_id);

create table members (
    organisation_id   uuid not null references organisations (id) on delete cascade,
    email_id          text not null,
    shops             text[] not null default '{}',
    feature_community text not null default 'live',
    feature_toggles   jsonb not null default '{}',
    created_at        timestamptz not null,
    primary key (organisation_id, email_id)
);

-- A key is kept as the SHA-256 of 256 random bits; the key itself is shown once.
create table api_keys (
    id              uuid primary key,
    organisation_id uuid not null references organisations (id) on delete cascade,
    username        text not null,
    key_hash        bytea not null unique,
    hint            text not null,
    created_at      timestamptz not null,
    expires_at      timestamptz,
    revoked_at      timestamptz,
    replaced_by     uuid
);
create index api_keys_by_organisation on api_keys (organisation_id);

-- No shop means every shop of the organisation, also those that come later.
create table api_key_grants (
    key_id  uuid not null references api_keys (id) on delete cascade,
    shop_id uuid references shops (id) on delete cascade,
    role    text not null check (role in ('viewer', 'editor', 'admin')),
    unique nulls not distinct (key_id, shop_id)
);
create index api_key_grants_by_shop on api_key_grants (shop_id);

create table shop_settings (
    shop_id    uuid primary key references shops (id) on delete cascade,
    carriers   jsonb not null default '{}',
    triggers   jsonb not null default '{}',
    segments   jsonb not null default '{}',
    versioned  jsonb,
    updated_at timestamptz not null
);
