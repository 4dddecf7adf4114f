-- What was learnt of transit times is lost; a forecast that stands looks like a carrier's promise then.
drop table transit_times, shop_transit_times, transit_samples;
alter table shipments drop column expected_confidence;
