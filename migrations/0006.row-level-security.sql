-- The second lock: a session sees the rows of the shops that it was told of, and no others.
-- Not safe while old code runs: it doesn't tell its shops. Stop all processes first; the two new columns of orders
-- write that table anew, which takes about a minute for two million orders.

-- What the session was told by `set karla.shops = '{…}'`; nothing before that, and after a `set local` has ended.
create function karla_shops() returns uuid[]
language sql stable parallel safe
return nullif(current_setting('karla.shops', true), '')::uuid[];

create function karla_everywhere() returns boolean
language sql stable parallel safe
return coalesce(current_setting('karla.everywhere', true), '') = 'on';

-- Puts a table with a `shop_id` behind the lock. Its owner obeys too, as the application may be the owner.
-- The sub-selects are evaluated once a statement; beside an `or` the planner doesn't take the policy for a
-- condition that few rows meet, which the statement's own condition on the shop says already.
create function karla_isolate(tenant_table regclass) returns void
language plpgsql as $function$
begin
    execute format('alter table %s enable row level security, force row level security', tenant_table);
    execute format(
        'create policy karla_isolation on %s using (shop_id = any ((select karla_shops())::uuid[]) or (select karla_everywhere()))',
        tenant_table
    );
end
$function$;

select karla_isolate(name::regclass) from unnest(array[
    'shop_settings', 'orders', 'shipments', 'shipment_events', 'events', 'outbox', 'webhooks', 'webhook_lanes',
    'deliveries', 'replays', 'sightings', 'products', 'images'
]) as tenant_tables (name);

-- The one window in the lock: whoever knows an image's unguessable name may see it, and no shop is known then.
-- (A `set` clause of the function would do the same, but takes a superuser.)
create function karla_image_named(wanted text) returns setof images
language plpgsql as $function$
declare
    told text := coalesce(current_setting('karla.everywhere', true), '');
begin
    perform set_config('karla.everywhere', 'on', true);
    return query select * from images where object_key = wanted;
    perform set_config('karla.everywhere', told, true);
end
$function$;

-- Behind the lock an index on an expression goes unused, unless the functions in it are known to leak nothing.
alter table orders
    add column email_lower text generated always as (lower(email_id)) stored,
    add column zip_code text generated always as (address ->> 'zip_code') stored;
drop index orders_by_email, orders_by_zip_code;
create index orders_by_email on orders (shop_id, email_lower) where email_lower is not null;
create index orders_by_zip_code on orders (shop_id, zip_code) where zip_code is not null;

-- Partitions are made and dropped by whoever runs the belt, with the rights of the owner of the tables.
do $owner$
begin
    execute format('alter function karla_make_partitions(timestamptz) security definer set search_path = %I, pg_temp', current_schema());
    execute format('alter function karla_drop_partitions(timestamptz) security definer set search_path = %I, pg_temp', current_schema());
end
$owner$;
revoke execute on function karla_make_partitions(timestamptz), karla_drop_partitions(timestamptz) from public;
