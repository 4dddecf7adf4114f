-- The host names that tracking pages are shown under: a shop's own domain, and its name at Shopify.
-- Safe while old code runs: creates a new table and a function.

create table page_domains (
    shop_id uuid not null references shops (id) on delete cascade,
    -- In lower case.
    domain  text not null,
    primary key (shop_id, domain),
    -- A host shows one shop's page.
    constraint page_domains_of_one_shop unique (domain)
);
select karla_isolate('page_domains');

-- A window in the lock: a browser names a host, and no shop is known then.
create function karla_shop_of_host(wanted text) returns text
language plpgsql as $function$
declare
    told text := coalesce(current_setting('karla.everywhere', true), '');
    found text;
begin
    perform set_config('karla.everywhere', 'on', true);
    select s.slug into found from page_domains d join shops s on s.id = d.shop_id where d.domain = wanted;
    perform set_config('karla.everywhere', told, true);
    return found;
end
$function$;
