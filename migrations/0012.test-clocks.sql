-- A shop may have a clock of its own, by which the sandbox tells its stories.
-- Safe while old code runs: creates a new table, and adds columns without a default that it doesn't read.

-- At the real moment `set_at` it showed `showed_at`; since then it runs at `factor`, and stands still at 0.
create table test_clocks (
    shop_id   uuid primary key references shops (id) on delete cascade,
    set_at    timestamptz not null,
    showed_at timestamptz not null,
    factor    double precision not null check (factor >= 0)
);
select karla_isolate('test_clocks');

-- When the parcel began to be followed, by the clock that it lives by; null: before this migration.
alter table followed_parcels add column began_at timestamptz;
-- The moment that the provider was asked about, by that clock; null: the one of `received_at`.
alter table provider_answers add column as_of timestamptz;
