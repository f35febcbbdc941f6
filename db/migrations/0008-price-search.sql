-- What a search by code and payer needs beside the indexes of 0005. All of it is on small tables: the big ones keep the
-- speed of their loads.

-- Names are searched by any part of them, in any case.
create extension if not exists pg_trgm;

set local role glimmr_pipeline;

create index payers_search on prices.payers using gin (lower(name) gin_trgm_ops);
create index plans_search on prices.plans using gin (lower(name) gin_trgm_ops);

-- Searches walk the published files in the order of their ids, which is the order of every row in them.
create index files_published on prices.files (id) where status = 'published';

-- Which items a plan prices: bit k (from 0, the leftmost) is set when one of the items 8k+1 … 8k+8 of the file has a
-- rate of this plan; every plan of a file has the same length, ceil(items / 8). Null: not known, so every item may.
-- Without it, a search for a payer that prices none of a code's items reads all their rates to find that out: 498,198 of
-- them for RC 0636 and any professional plan in one hospital's file. An index on rates by plan would do the same and cost
-- a third of the load's speed; this is some 500 bytes a plan.
alter table prices.file_plans add column item_groups bit varying;

reset role;

set local role glimmr_core;

-- Hospitals are listed by name.
create index hospitals_by_name on core.hospitals (lower(name), id);

reset role;
