-- Vacuum and statistics keep up with the tables that change most, however many rows those have by then.
-- Safe while old code runs: it changes settings, under locks that keep out neither reads nor writes.

-- PostgreSQL waits until a fifth of a table is dead, new or changed: of ten million deliveries two million, which
-- claims step over and plans know nothing of. Now it is a twentieth; statistics follow a fiftieth.
--
-- There is no fillfactor among these, as it would gain nothing: every update of a delivery changes an indexed column
-- (due_at, status), and so does one of a shipment (updated_at). Where an order's page is full, one update moves out,
-- and leaves room there for those that follow.
alter table orders set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
alter table shipments set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
alter table idempotency_keys set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

-- Only ever appended to: each round has little to freeze.
alter table shipment_events set (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

-- Few rows, and the traffic of all. A queue that has become long is walked through from its front.
alter table outbox set (autovacuum_vacuum_scale_factor = 0.01);
alter table webhook_lanes set (autovacuum_vacuum_scale_factor = 0.01);

-- What the partitions of a table are vacuumed by; the partitioned table itself takes no settings. It is a function,
-- as what it answers becomes a part of statements: the application may write into tables.
create function karla_partition_settings(parent text) returns text
language sql immutable
as $function$
    select case parent
        when 'deliveries' then 'autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02'
        else 'autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02'
    end
$function$;
revoke execute on function karla_partition_settings(text) from public;

do $settings$
declare
    child record;
begin
    for child in
        select i.inhrelid::regclass as name, karla_partition_settings(p.name) as settings
        from partitioned_tables p join pg_inherits i on i.inhparent = p.name::regclass
    loop
        execute format('alter table %s set (%s)', child.name, child.settings);
    end loop;
end
$settings$;

-- As before, and each new partition gets its settings.
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
