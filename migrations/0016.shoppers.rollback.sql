-- Every order token is void, also those that shoppers have in their mails. What shoppers did is told as Karla's own.
drop table lookup_failures, order_tokens;
update audit_entries set actor_kind = 'system' where actor_kind = 'shopper';
alter table audit_entries
    drop constraint audit_entries_actor_kind_check,
    add constraint audit_entries_actor_kind_check check (actor_kind in ('key', 'operator', 'system'));
