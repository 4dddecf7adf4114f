-- What carriers answered is lost; the timelines that were made of it stay.
delete from partitioned_tables where name = 'provider_answers';
drop table provider_answers, followed_parcels, trackers;
