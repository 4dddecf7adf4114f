-- What was set stays until a table is analysed anew.
create or replace function karla_make_partitions(until timestamptz) returns integer
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
                    'create table %I (like %I including defaults including constraints) with (toast_tuple_target = 8160, %s)',
                    child, parent.name, karla_partition_settings(parent.name)
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

-- Replacing a function takes back what was said of its rights, see 0006.
do $owner$
begin
    execute format('alter function karla_make_partitions(timestamptz) security definer set search_path = %I, pg_temp', current_schema());
end
$owner$;

do $counted$
declare
    one record;
begin
    for one in select attrelid::regclass as name, attname from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = current_schema()::regnamespace and attstattarget = 0 and attnum > 0 and not attisdropped
    loop
        execute format('alter table %s alter column %I set statistics -1', one.name, one.attname);
    end loop;
end
$counted$;
drop function karla_count_no_documents(regclass);
