-- A page's domain has to be proven: until it has led here once, links go to Karla's own address. And it is known for a
-- while from where an order was opened, so that the wrong guesses of others keep nobody out who was in before.
-- Safe while old code runs: it adds columns with defaults, so that a domain which old code takes is checked too; marks
-- of openings are forgotten by old code after ten minutes, and made again.

alter table page_domains
    add column claimed_at timestamptz not null default now(),
    -- When it was first seen to lead here; null: never.
    add column proven_at  timestamptz,
    add column checked_at timestamptz,
    -- What stood against it at the last check; null where nothing did.
    add column problem    text,
    add column check_at   timestamptz not null default now();
-- The links of those that are there are in mails already.
update page_domains set proven_at = now();
create index page_domains_by_check on page_domains (check_at);

-- A row of level 0 is a mark: from there an order of that number was opened. It is kept longer than what guesses fill.
drop index lookup_failures_by_age;
create index lookup_failures_by_age on lookup_failures (updated_at) where level > 0;
create index lookup_marks_by_age on lookup_failures (updated_at) where level = 0;
