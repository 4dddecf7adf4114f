-- What was counted on pages is lost; nothing else depends on it.
delete from partitioned_tables where name = 'page_visits';
drop table page_visits, page_openings;
