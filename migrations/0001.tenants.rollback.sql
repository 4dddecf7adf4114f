drop table shop_settings, api_key_grants, api_keys, members, shops, organisations;
