drop function karla_image_named(text);
do $open$
declare
    tenant_table regclass;
begin
    for tenant_table in select polrelid::regclass from pg_policy where polname = 'karla_isolation' loop
        execute format('drop policy karla_isolation on %s', tenant_table);
        execute format('alter table %s no force row level security, disable row level security', tenant_table);
    end loop;
end
$open$;
drop function karla_isolate(regclass), karla_everywhere(), karla_shops();

drop index orders_by_email, orders_by_zip_code;
alter table orders drop column email_lower, drop column zip_code;
create index orders_by_email on orders (shop_id, lower(email_id)) where email_id is not null;
create index orders_by_zip_code on orders (shop_id, (address ->> 'zip_code'));

alter function karla_make_partitions(timestamptz) security invoker reset search_path;
alter function karla_drop_partitions(timestamptz) security invoker reset search_path;
grant execute on function karla_make_partitions(timestamptz), karla_drop_partitions(timestamptz) to public;
