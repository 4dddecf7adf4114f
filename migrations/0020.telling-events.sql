-- What of a timeline matters beside the shipment's standing is found without reading the rest of it: corrections, and
-- what tells of the delivery.
-- Safe while old code runs: it adds an index. Scans wait while it is built, one or two seconds for four million.

create index shipment_events_telling on shipment_events (shop_id, shipment_id)
    where correction or additional_info ?| array['expected_delivery', 'pickup_point'];
