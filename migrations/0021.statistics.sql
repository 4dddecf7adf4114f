-- PostgreSQL counts what its plans may need: not what is in documents, which nothing looks for by value.
-- Safe while old code runs: it changes settings, under locks that keep out neither reads nor writes.

-- Reading 30,000 orders or payloads and sorting them takes most of a second of a core, and is done each time that a
-- fiftieth of the table is new.
create function karla_count_no_documents(counted regclass) returns void
language plpgsql as $function$
declare
    document name;
begin
    for document in
        select attname from pg_attribute
        where attrelid = counted and attnum > 0 and not attisdropped and atttypid in ('jsonb'::regtype, 'bytea'::regtype)
    loop
        execute format('alter table %s alter column %I set statistics 0', counted, document);
    end loop;
end
$function$;
revoke execute on function karla_count_no_documents(regclass) from public;

do $counted$
begin
    perform karla_count_no_documents(name::regclass) from unnest(array['orders', 'shipments', 'shipment_events']) as counted (name);
    perform karla_count_no_documents(i.inhrelid::regclass)
    from partitioned_tables p join pg_inherits i on i.inhparent = p.name::regclass;
end
$counted$;

-- As before, and documents of a new partition are not counted either.
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
                perform karla_count_no_documents(child::regclass);
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
