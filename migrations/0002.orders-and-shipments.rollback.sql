drop table shipment_events, shipments, orders;
