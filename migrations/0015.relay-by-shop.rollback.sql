drop index outbox_by_shop;
