-- Prices. Written by services/pipeline only.
--
-- Ids of items, charges, rates, modifiers and texts are file_id * 2^32 + n, n counting from 1 in file order: a file's
-- rows are one contiguous range (deleted by range, appended at the right edge of every b-tree), two loads never meet,
-- and an id stays below 2^53 for the first two million files, so a JSON number holds it.
-- The big tables carry no foreign keys (a trigger per row would halve the load); publishing checks the counts instead.
set local role glimmr_pipeline;

-- One row per upload that reached the pipeline: what the uploader is shown.
create table prices.loads (
  upload_id uuid primary key,
  organisation_id uuid not null,
  file_id int,                                 -- the file it became, or the one that was there already
  status text not null check (status in ('queued', 'loading', 'published', 'rejected', 'already_loaded', 'failed')),
  bytes_total bigint not null default 0,       -- of the stored object
  bytes_read bigint not null default 0,
  rows_seen bigint not null default 0,
  rows_loaded bigint not null default 0,
  rows_rejected bigint not null default 0,
  reasons jsonb not null default '[]',         -- [{rule, message, cell?}] when rejected
  error text,                                  -- the last attempt's failure, while it is being retried or for good
  attempts int not null default 0,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  updated_at timestamptz not null default now()
);
create index loads_file on prices.loads (file_id);

create table prices.files (
  id int generated always as identity primary key check (id < 2097152),
  organisation_id uuid not null,
  hospital_id uuid,                            -- null until the file has said which (and when rejected before that)
  upload_id uuid,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'), -- of the stored object
  filename text not null,
  object_key text,
  size_bytes bigint not null,
  source_bytes bigint,                         -- decompressed
  status text not null check (status in ('loading', 'published', 'superseded', 'rejected', 'failed')),
  verdict text check (verdict in ('valid', 'invalid', 'rejected')),
  layout text check (layout in ('tall', 'wide', 'json')),
  compression text check (compression in ('none', 'gzip', 'zip')),
  encoding text,
  template_version text,                       -- recognised from the columns or keys
  declared_version text,                       -- what the version cell says
  hospital_name text,
  last_updated_on date,
  attestation boolean,
  attester_name text,
  location_names text[] not null default '{}',
  addresses text[] not null default '{}',
  npis text[] not null default '{}',
  licences text[] not null default '{}',
  financial_aid_policy text,
  general_contract_provisions jsonb,
  general jsonb not null default '{}',         -- every general header and value as published
  rows_seen bigint not null default 0,
  rows_loaded bigint not null default 0,
  rows_rejected bigint not null default 0,
  items_count bigint not null default 0,
  charges_count bigint not null default 0,
  rates_count bigint not null default 0,
  modifiers_count bigint not null default 0,
  findings_count bigint not null default 0,
  traceparent text,
  created_at timestamptz not null default now(),
  published_at timestamptz,
  superseded_at timestamptz,
  check (status <> 'published' or (hospital_id is not null and published_at is not null)),
  check (status not in ('published', 'superseded') or rows_seen = rows_loaded + rows_rejected)
);
-- The same content is loaded once per hospital, and a hospital has one current file.
create unique index files_content on prices.files (hospital_id, sha256) where status in ('published', 'superseded');
create unique index files_current on prices.files (hospital_id) where status = 'published';
create index files_sha256 on prices.files (sha256);
create index files_organisation on prices.files (organisation_id, id);

create table prices.payers (
  id int generated always as identity primary key,
  name text not null                           -- as published
);
create unique index payers_name on prices.payers (md5(name), name);

create table prices.plans (
  id int generated always as identity primary key,
  payer_id int not null references prices.payers,
  name text                                    -- as published; null where a wide header lacks the plan segment
);
create unique index plans_name on prices.plans (payer_id, md5(coalesce(name, '')), (name is null));

-- Which payers and plans a file prices: a query by payer skips the files that do not have it.
create table prices.file_plans (
  file_id int not null,
  plan_id int not null,
  payer_id int not null,
  rates_count bigint not null,
  primary key (file_id, plan_id)
);
create index file_plans_payer on prices.file_plans (payer_id, file_id);

create table prices.texts (
  id bigint primary key,
  file_id int not null,
  body text not null
);

create table prices.items (
  id bigint primary key,
  file_id int not null,
  row_number int not null,                     -- CSV: the spreadsheet's row; JSON: the element's number from 1
  description text not null,
  drug_unit numeric,
  drug_type text,
  byte_offset bigint not null,                 -- in the decompressed source
  byte_length bigint not null,
  extra jsonb                                  -- columns or keys that the template does not name
);

create table prices.item_codes (
  item_id bigint not null,
  ordinal smallint not null,
  file_id int not null,
  code text not null,                          -- as published
  code_type text not null,
  code_normalised text not null,               -- RC 4 digits, DRG 3, NDC 11; upper case
  primary key (item_id, ordinal)
);
create index item_codes_code on prices.item_codes (code_normalised, item_id);

create table prices.charges (
  id bigint primary key,
  item_id bigint not null,
  file_id int not null,
  row_number int not null,
  setting text,
  billing_class text,
  modifiers text[],
  gross numeric,
  discounted_cash numeric,
  minimum numeric,
  maximum numeric,
  notes_id bigint,
  extra jsonb
);
create index charges_item on prices.charges (item_id, id);

-- Rates, up to 64 of one charge side by side. A row a rate cost the load several times as much: a rate is some ten bytes,
-- and with it went a row header, its charge's id and an entry of a b-tree. Rates that are a dollar amount and nothing else
-- stand apart from the others of their charge, so that there are few gaps. Read them through the view `rates`.
--
-- Numbers are lists, `1158.58,,533.75`: one value a rate, blank where it has none; blanks at the end may be left out. Arrays
-- of numeric took the server three to four times as long to copy in, and twice the space. Only services/pipeline writes
-- here, and it looks at each digit before.
create table prices.rate_blocks (
  charge_id bigint not null,
  first_id bigint not null,                    -- of its first rate; the ids of the others follow
  file_id int not null,
  row_number int not null,                     -- of its first rate
  row_step smallint not null,                  -- from one rate's row to the next's: 0 where they share one, 1 where rows follow each other
  row_offsets text,                            -- list: from the first rate's row to that of each, where the rows are further apart
  plan_ids int[] not null check (cardinality(plan_ids) between 1 and 64),
  -- Lists; null where no rate of the block has a value.
  negotiated_dollars text,
  negotiated_percentages text,
  estimated_amounts text,
  median_amounts text,
  percentiles_10th text,
  percentiles_90th text,
  counts text[],                               -- one element a rate; hospitals write anything here
  methodologies text[],                        -- each once
  methodology_of text,                         -- list: which of `methodologies` a rate has; null: all have the first
  algorithm_ids text,
  notes_ids text,
  extras jsonb,                                -- an array: what each rate has beyond the template, or null
  primary key (charge_id, first_id)
);
-- Compressing them would take longer than writing them. Rows beyond a page still move aside.
alter table prices.rate_blocks set (toast_tuple_target = 8160);
-- No plan depends on what lists hold. (It does on plan_ids: how many there are, and that they hardly repeat.)
alter table prices.rate_blocks
  alter row_offsets set statistics 0,
  alter negotiated_dollars set statistics 0, alter negotiated_percentages set statistics 0,
  alter estimated_amounts set statistics 0, alter median_amounts set statistics 0,
  alter percentiles_10th set statistics 0, alter percentiles_90th set statistics 0,
  alter counts set statistics 0, alter methodologies set statistics 0, alter methodology_of set statistics 0,
  alter algorithm_ids set statistics 0, alter notes_ids set statistics 0, alter extras set statistics 0;

-- One row a rate. The payer is that of the plan; a query that does not ask for it does not look it up. Lists are taken apart
-- once a block (`offset 0` keeps it so), and only those that are asked for.
create view prices.rates as
select
  b.first_id + r.n - 1 as id,
  b.charge_id,
  b.file_id,
  b.row_number + coalesce(l.row_offsets[r.n]::int, b.row_step * (r.n - 1)) as row_number,
  p.payer_id,
  r.plan_id,
  l.negotiated_dollars[r.n]::numeric as negotiated_dollar,
  l.negotiated_percentages[r.n]::numeric as negotiated_percentage,
  l.estimated_amounts[r.n]::numeric as estimated_amount,
  l.median_amounts[r.n]::numeric as median_amount,
  l.percentiles_10th[r.n]::numeric as percentile_10th,
  l.percentiles_90th[r.n]::numeric as percentile_90th,
  b.counts[r.n] as count,                      -- '0', '1 through 10', or a number from 11
  b.methodologies[case when b.methodology_of is null then 1 else l.methodology_of[r.n]::int end] as methodology,
  l.algorithm_ids[r.n]::bigint as algorithm_id,
  l.notes_ids[r.n]::bigint as notes_id,
  nullif(b.extras -> (r.n - 1), 'null') as extra
from prices.rate_blocks b
cross join lateral (
  select
    string_to_array(b.row_offsets, ',', '') as row_offsets,
    string_to_array(b.negotiated_dollars, ',', '') as negotiated_dollars,
    string_to_array(b.negotiated_percentages, ',', '') as negotiated_percentages,
    string_to_array(b.estimated_amounts, ',', '') as estimated_amounts,
    string_to_array(b.median_amounts, ',', '') as median_amounts,
    string_to_array(b.percentiles_10th, ',', '') as percentiles_10th,
    string_to_array(b.percentiles_90th, ',', '') as percentiles_90th,
    string_to_array(b.methodology_of, ',', '') as methodology_of,
    string_to_array(b.algorithm_ids, ',', '') as algorithm_ids,
    string_to_array(b.notes_ids, ',', '') as notes_ids
  offset 0
) l
cross join lateral (select u.plan_id, u.n::int from unnest(b.plan_ids) with ordinality as u (plan_id, n)) r (plan_id, n)
left join prices.plans p on p.id = r.plan_id;

-- Modifier-only rows of a CSV and modifier_information of a JSON: an adjustment, not a price.
create table prices.modifiers (
  id bigint primary key,
  file_id int not null,
  row_number int not null,
  code text not null,
  description text,
  setting text,
  payer_id int,
  plan_id int,
  negotiated_dollar numeric,
  negotiated_percentage numeric,
  algorithm_id bigint,
  methodology text,
  notes_id bigint,
  byte_offset bigint not null,
  byte_length bigint not null,
  extra jsonb
);
create index modifiers_file on prices.modifiers (file_id, id);

-- Every rule broken, counted in full; samples are capped per rule.
create table prices.finding_counts (
  file_id int not null references prices.files,
  rule text not null,
  layer text not null check (layer in ('cms', 'glimmr')),
  severity text not null check (severity in ('error', 'warning', 'notice')),
  count bigint not null,
  primary key (file_id, rule)
);

create table prices.findings (
  file_id int not null references prices.files,
  ordinal int not null,
  rule text not null,
  layer text not null,
  severity text not null,
  row_number int,
  column_number int,
  column_name text,
  cell text,                                   -- AB122 in a CSV, a pointer in a JSON
  value text,                                  -- cut at 200 bytes
  message text not null,
  primary key (file_id, ordinal)
);

-- Rows that were not loaded: where they stand in the source, and why.
create table prices.rejected_rows (
  file_id int not null references prices.files,
  row_number int not null,
  rule text not null,
  message text not null,
  byte_offset bigint not null,
  byte_length bigint not null,
  primary key (file_id, row_number)
);

grant usage on schema prices to glimmr_core, glimmr_media, glimmr_links;
grant select on prices.loads, prices.files, prices.findings, prices.finding_counts to glimmr_media;
grant select on all tables in schema prices to glimmr_core;
grant select on prices.files, prices.payers, prices.plans, prices.file_plans, prices.texts, prices.items,
  prices.item_codes, prices.charges, prices.rates, prices.modifiers, prices.findings, prices.finding_counts
  to glimmr_links;

reset role;
