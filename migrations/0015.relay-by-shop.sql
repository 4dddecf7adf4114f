-- The relay finds the first events of each shop, however many another shop has put before them.
-- Safe while old code runs: it adds an index. Events wait while it is built, a second for a million that wait for the
-- relay; normally none do.

create index outbox_by_shop on outbox (shop_id, id);
