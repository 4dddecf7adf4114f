-- A merchant corrects a parcel's carrier: what the wrong one told counts no more, and the shop's next ones are known.
-- Safe while old code runs: it adds a column without a default and a new table.

-- Set on what was told of another parcel, under the same number at another carrier: shown, but it counts no more.
alter table shipment_events add column withdrawn_at timestamptz;

-- Which carrier a shop meant by its word for it and by numbers of this form; see `rules/lessons.py`.
create table carrier_lessons (
    shop_id           uuid not null references shops (id) on delete cascade,
    company           text not null,
    form              text not null,
    carrier_reference text not null,
    learnt_at         timestamptz not null,
    primary key (shop_id, company, form)
);
select karla_isolate('carrier_lessons');
