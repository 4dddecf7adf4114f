-- What counts no more goes, as the older schema would count it.
drop table carrier_lessons;
delete from shipment_events where withdrawn_at is not null;
alter table shipment_events drop column withdrawn_at;
