drop table audit_entries, idempotency_keys;
alter table api_keys drop column last_used_at, drop column requests_per_minute;
