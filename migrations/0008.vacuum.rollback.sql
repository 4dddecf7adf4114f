alter table orders reset (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
alter table shipments reset (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
alter table idempotency_keys reset (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
alter table shipment_events reset (autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
alter table outbox reset (autovacuum_vacuum_scale_factor);
alter table webhook_lanes reset (autovacuum_vacuum_scale_factor);

do $settings$
declare
    child record;
begin
    for child in
        select i.inhrelid::regclass as name
        from partitioned_tables p join pg_inherits i on i.inhparent = p.name::regclass
    loop
        execute format(
            'alter table %s reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor)',
            child.name
        );
    end loop;
end
$settings$;

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
                    'create table %I (like %I including defaults including constraints) with (toast_tuple_target = 8160)',
                    child, parent.name
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

do $owner$
begin
    execute format('alter function karla_make_partitions(timestamptz) security definer set search_path = %I, pg_temp', current_schema());
end
$owner$;

drop function karla_partition_settings(text);
