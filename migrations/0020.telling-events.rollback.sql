drop index shipment_events_telling;
