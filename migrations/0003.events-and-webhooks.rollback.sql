drop table delivery_attempts, deliveries, webhooks, outbox, events;
