-- Links lead to every domain that is set, whether it leads here or not.
alter table page_domains
    drop column claimed_at,
    drop column proven_at,
    drop column checked_at,
    drop column problem,
    drop column check_at;

drop index lookup_marks_by_age, lookup_failures_by_age;
delete from lookup_failures where level = 0;
create index lookup_failures_by_age on lookup_failures (updated_at);
