-- Locked in the order in which all who use both lock them: the way back goes on to shipments (0013), and whoever holds
-- those and waited here would be in its way.
lock table shipments, shipment_events in access exclusive mode;
drop index shipment_events_telling;
