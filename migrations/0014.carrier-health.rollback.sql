-- How carriers answered is lost; nothing else depends on it.
drop table carrier_hours;
