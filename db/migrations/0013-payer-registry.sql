-- Who a published payer is, and what kind of coverage a plan: by rules that people can read and edit. Written by
-- services/core only; the published names stay where they are, in prices.payers and prices.plans.
set local role glimmr_core;

create table core.canonical_payers (
  slug text primary key check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 60),
  name text not null unique check (length(name) between 1 and 200),
  -- Of its plans that no word gives another class; null: nothing is assumed.
  default_class text check (default_class in ('commercial', 'medicare_advantage', 'medicare', 'medicare_supplement',
    'medicaid', 'dual_eligible', 'exchange', 'workers_compensation', 'auto_liability', 'government', 'self_pay', 'other')),
  created_by text,                             -- null: came with Glimmr
  created_at timestamptz not null default now()
);

create table core.payer_rules (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('payer', 'class', 'plan_type')),
  target text not null,                        -- a canonical payer's slug, a payer class or a plan type
  match text not null check (match in ('equals', 'contains')),
  phrase text not null check (phrase <> '' and length(phrase) <= 100), -- as core.plain_name writes it; whole words
  priority int not null default 0,             -- the highest counts, then the name it stands in, then the longest phrase
  created_by text,
  created_at timestamptz not null default now(),
  check (kind <> 'class' or target in ('commercial', 'medicare_advantage', 'medicare', 'medicare_supplement', 'medicaid',
    'dual_eligible', 'exchange', 'workers_compensation', 'auto_liability', 'government', 'self_pay', 'other')),
  check (kind <> 'plan_type' or target in ('hmo', 'ppo', 'epo', 'pos', 'hdhp', 'indemnity', 'pffs', 'snp'))
);
create unique index payer_rules_once on core.payer_rules (kind, match, phrase);

-- What the rules say of each published plan. Derived: core.match_plans makes it again at any time.
create table core.plan_matches (
  plan_id int primary key,
  payer_id int not null,
  canonical_payer text,
  payer_class text,
  plan_type text,
  payer_rule bigint,                           -- null with a canonical_payer: never
  class_rule bigint,                           -- null with a payer_class: the default of the canonical payer
  type_rule bigint
);
create index plan_matches_payer on core.plan_matches (canonical_payer, plan_id);
create index plan_matches_class on core.plan_matches (payer_class, plan_id);
create index plan_matches_rules on core.plan_matches (payer_rule, class_rule, type_rule);

-- 'BlueCross & BlueShield [110001]' → 'blue cross blue shield': words in lower case. Ids in brackets, apostrophes and "and"
-- go; what is written together with capitals or underscores is taken apart.
create function core.plain_name(name text) returns text
language sql immutable parallel safe as $$
  select btrim(regexp_replace(
    regexp_replace(
      regexp_replace(lower(regexp_replace(regexp_replace(name, '\[[^]]*\]|\(\d+\)|[''’`]', '', 'g'), '([a-z])([A-Z])', '\1 \2', 'g')),
        '[^[:alnum:]]+', ' ', 'g'),
      '\mand\M', ' ', 'g'),
    ' +', ' ', 'g'))
$$;

-- Applies the rules to some plans, or to all. Whoever calls it while rules change waits, so no plan keeps an old answer.
create function core.match_plans(plans int[] default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  touched int;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('core.payer_rules', 0));
  with plan as materialized (
    select l.id, l.payer_id, ' ' || core.plain_name(y.name) || ' ' as payer,
      ' ' || core.plain_name(coalesce(l.name, '')) || ' ' as plan
    from prices.plans l join prices.payers y on y.id = l.payer_id
    where plans is null or l.id = any(plans)
  ),
  hit as (
    select p.id, r.kind, r.target, r.id as rule, r.priority, length(r.phrase) as length, r.match = 'equals' as whole,
      -- In the payer's name first for who it is, in the plan's first for what it is.
      strpos(case when r.kind = 'payer' then p.payer else p.plan end, ' ' || r.phrase || ' ') > 0 as in_first
    from plan p
    join core.payer_rules r on case r.match
      when 'equals' then p.payer = ' ' || r.phrase || ' ' or p.plan = ' ' || r.phrase || ' '
      else strpos(p.payer, ' ' || r.phrase || ' ') > 0 or strpos(p.plan, ' ' || r.phrase || ' ') > 0 end
  ),
  found as (
    select distinct on (h.id, h.kind) h.* from hit h
    order by h.id, h.kind, h.priority desc, h.in_first desc, h.whole desc, h.length desc, h.rule
  ),
  -- "HMO/PPO" is neither.
  type as (
    select f.* from found f
    where f.kind = 'plan_type' and not exists (
      select from hit o where o.id = f.id and o.kind = f.kind and o.priority = f.priority and o.target <> f.target)
  ),
  matched as (
    select p.id, p.payer_id, c.slug, coalesce(k.target, c.default_class) as payer_class, t.target as plan_type,
      y.rule as payer_rule, k.rule as class_rule, t.rule as type_rule
    from plan p
    left join found y on y.id = p.id and y.kind = 'payer'
    left join core.canonical_payers c on c.slug = y.target
    left join found k on k.id = p.id and k.kind = 'class'
    left join type t on t.id = p.id
  )
  insert into core.plan_matches as m
    (plan_id, payer_id, canonical_payer, payer_class, plan_type, payer_rule, class_rule, type_rule)
  select id, payer_id, slug, payer_class, plan_type, payer_rule, class_rule, type_rule from matched
  on conflict (plan_id) do update set canonical_payer = excluded.canonical_payer, payer_class = excluded.payer_class,
    plan_type = excluded.plan_type, payer_rule = excluded.payer_rule, class_rule = excluded.class_rule,
    type_rule = excluded.type_rule
  where (m.canonical_payer, m.payer_class, m.plan_type, m.payer_rule, m.class_rule, m.type_rule)
    is distinct from (excluded.canonical_payer, excluded.payer_class, excluded.plan_type, excluded.payer_rule,
      excluded.class_rule, excluded.type_rule);
  get diagnostics touched = row_count;
  return touched;
end $$;
revoke execute on function core.match_plans from public;
grant execute on function core.match_plans to glimmr_pipeline;
grant select on core.canonical_payers, core.plan_matches to glimmr_pipeline, glimmr_links;

-- A beginning, from names seen in published files; everything here can be changed over REST.
insert into core.canonical_payers (slug, name, default_class) values
  ('aetna', 'Aetna', 'commercial'),
  ('amerigroup', 'Amerigroup', null),
  ('amerihealth-caritas', 'AmeriHealth Caritas', null),
  ('anthem', 'Anthem Blue Cross and Blue Shield', 'commercial'),
  ('ambetter', 'Ambetter', 'exchange'),
  ('bcbs', 'Blue Cross Blue Shield (licensee not named)', 'commercial'),
  ('bcbs-florida', 'Florida Blue', 'commercial'),
  ('bcbs-illinois', 'Blue Cross and Blue Shield of Illinois', 'commercial'),
  ('bcbs-massachusetts', 'Blue Cross Blue Shield of Massachusetts', 'commercial'),
  ('bcbs-michigan', 'Blue Cross Blue Shield of Michigan', 'commercial'),
  ('bcbs-north-carolina', 'Blue Cross and Blue Shield of North Carolina', 'commercial'),
  ('bcbs-south-carolina', 'BlueCross BlueShield of South Carolina', 'commercial'),
  ('bcbs-tennessee', 'BlueCross BlueShield of Tennessee', 'commercial'),
  ('bcbs-texas', 'Blue Cross and Blue Shield of Texas', 'commercial'),
  ('caresource', 'CareSource', null),
  ('cigna', 'Cigna', 'commercial'),
  ('coventry', 'Coventry Health Care', 'commercial'),
  ('emblemhealth', 'EmblemHealth', 'commercial'),
  ('fidelis', 'Fidelis Care', null),
  ('first-health', 'First Health', 'commercial'),
  ('healthfirst', 'Healthfirst', null),
  ('healthsmart', 'HealthSmart', 'commercial'),
  ('highmark', 'Highmark', 'commercial'),
  ('humana', 'Humana', 'commercial'),
  ('kaiser-permanente', 'Kaiser Permanente', 'commercial'),
  ('mass-general-brigham', 'Mass General Brigham Health Plan', 'commercial'),
  ('medical-mutual', 'Medical Mutual', 'commercial'),
  ('metroplus', 'MetroPlusHealth', null),
  ('molina', 'Molina Healthcare', null),
  ('multiplan', 'MultiPlan', 'commercial'),
  ('mvp', 'MVP Health Care', 'commercial'),
  ('optum', 'Optum', null),
  ('oscar', 'Oscar Health', 'exchange'),
  ('oxford', 'Oxford Health Plans', 'commercial'),
  ('point32health', 'Point32Health (Harvard Pilgrim, Tufts)', 'commercial'),
  ('priority-health', 'Priority Health', 'commercial'),
  ('select-health', 'Select Health', null),
  ('tricare', 'TRICARE', 'government'),
  ('united-healthcare', 'UnitedHealthcare', 'commercial'),
  ('upmc', 'UPMC Health Plan', 'commercial'),
  ('va-community-care', 'VA Community Care', 'government'),
  ('wellcare', 'Wellcare', null);

-- A licensee that is named anywhere counts more than "BCBS" in the payer's name.
insert into core.payer_rules (kind, target, match, phrase, priority)
select 'payer', target, match, phrase, case when target = 'anthem' or target like 'bcbs-%' then 1 else 0 end from (values
  ('aetna', 'contains', 'aetna'),
  ('amerigroup', 'contains', 'amerigroup'),
  ('amerihealth-caritas', 'contains', 'amerihealth caritas'),
  ('anthem', 'contains', 'anthem'), ('anthem', 'contains', 'anthem bcbs'),
  ('anthem', 'contains', 'anthem blue cross blue shield'), ('anthem', 'contains', 'empire bcbs'),
  ('ambetter', 'contains', 'ambetter'),
  ('bcbs', 'contains', 'bcbs'), ('bcbs', 'contains', 'blue cross'), ('bcbs', 'contains', 'bluecross'),
  ('bcbs', 'contains', 'blue cross blue shield'), ('bcbs', 'contains', 'bluecross blueshield'), ('bcbs', 'contains', 'blue shield'),
  ('bcbs-florida', 'contains', 'florida blue'), ('bcbs-florida', 'contains', 'bcbs florida'), ('bcbs-florida', 'contains', 'bcbs fl'),
  ('bcbs-illinois', 'contains', 'bcbs il'), ('bcbs-illinois', 'contains', 'bcbsil'),
  ('bcbs-illinois', 'contains', 'blue cross blue shield of illinois'),
  ('bcbs-massachusetts', 'contains', 'bcbs ma'), ('bcbs-massachusetts', 'contains', 'bcbsma'),
  ('bcbs-massachusetts', 'contains', 'blue cross blue shield of massachusetts'),
  ('bcbs-michigan', 'contains', 'bcbs mi'), ('bcbs-michigan', 'contains', 'bcbsm'), ('bcbs-michigan', 'contains', 'blue care network'),
  ('bcbs-michigan', 'contains', 'blue cross blue shield of michigan'),
  ('bcbs-north-carolina', 'contains', 'bcbs nc'), ('bcbs-north-carolina', 'contains', 'bcbsnc'),
  ('bcbs-north-carolina', 'contains', 'blue cross nc'),
  ('bcbs-south-carolina', 'contains', 'bcbs sc'), ('bcbs-south-carolina', 'contains', 'bcbssc'),
  ('bcbs-tennessee', 'contains', 'bcbs tn'), ('bcbs-tennessee', 'contains', 'bcbst'),
  ('bcbs-texas', 'contains', 'bcbs tx'), ('bcbs-texas', 'contains', 'bcbstx'),
  ('bcbs-texas', 'contains', 'blue cross blue shield of texas'),
  ('caresource', 'contains', 'caresource'), ('caresource', 'contains', 'care source'),
  ('cigna', 'contains', 'cigna'),
  ('coventry', 'contains', 'coventry'),
  ('emblemhealth', 'contains', 'emblemhealth'), ('emblemhealth', 'contains', 'emblem health'), ('emblemhealth', 'contains', 'emblem'),
  ('emblemhealth', 'equals', 'hip'), ('emblemhealth', 'equals', 'ghi'),
  ('fidelis', 'contains', 'fidelis'),
  ('first-health', 'contains', 'first health'),
  ('healthfirst', 'contains', 'healthfirst'),
  ('healthsmart', 'contains', 'healthsmart'), ('healthsmart', 'contains', 'health smart'),
  ('highmark', 'contains', 'highmark'),
  ('humana', 'contains', 'humana'),
  ('kaiser-permanente', 'contains', 'kaiser'),
  ('mass-general-brigham', 'contains', 'mass general brigham'), ('mass-general-brigham', 'contains', 'mgb health plan'),
  ('mass-general-brigham', 'contains', 'allways'),
  ('medical-mutual', 'contains', 'medical mutual'),
  ('metroplus', 'contains', 'metroplus'),
  ('molina', 'contains', 'molina'),
  ('multiplan', 'contains', 'multiplan'), ('multiplan', 'contains', 'multi plan'), ('multiplan', 'contains', 'phcs'),
  ('mvp', 'contains', 'mvp'),
  ('optum', 'contains', 'optum'),
  ('oscar', 'contains', 'oscar'),
  ('oxford', 'contains', 'oxford'),
  ('point32health', 'contains', 'harvard pilgrim'), ('point32health', 'contains', 'tufts'), ('point32health', 'contains', 'point32health'),
  ('priority-health', 'contains', 'priority health'),
  ('select-health', 'contains', 'select health'), ('select-health', 'contains', 'selecthealth'),
  ('tricare', 'contains', 'tricare'), ('tricare', 'contains', 'humana military'),
  ('united-healthcare', 'contains', 'united healthcare'), ('united-healthcare', 'contains', 'united health care'),
  ('united-healthcare', 'contains', 'unitedhealthcare'), ('united-healthcare', 'contains', 'uhc'), ('united-healthcare', 'contains', 'umr'),
  ('upmc', 'contains', 'upmc'),
  ('va-community-care', 'contains', 'vaccn'), ('va-community-care', 'contains', 'va ccn'), ('va-community-care', 'contains', 'triwest'),
  ('va-community-care', 'contains', 'va community care'),
  ('wellcare', 'contains', 'wellcare'), ('wellcare', 'contains', 'well care')
) as seed (target, match, phrase);

insert into core.payer_rules (kind, target, match, phrase, priority)
select 'class', target, 'contains', phrase, priority from (values
  ('commercial', 'commercial', 0), ('commercial', 'employer group', 0), ('commercial', 'small group', 0), ('commercial', 'large group', 0),
  ('medicare_advantage', 'medicare advantage', 10), ('medicare_advantage', 'mcr advantage', 10), ('medicare_advantage', 'medicare managed care', 10),
  ('medicare_advantage', 'managed medicare', 10), ('medicare_advantage', 'medicare complete', 10), ('medicare_advantage', 'medicare hmo', 10),
  ('medicare_advantage', 'medicare ppo', 10), ('medicare_advantage', 'medicare replacement', 10), ('medicare_advantage', 'part c', 10),
  -- A hospital negotiates no prices with Medicare itself; "AETNA MEDICARE" is a plan of Medicare Advantage.
  ('medicare_advantage', 'medicare', 1), ('medicare_advantage', 'mcr', 1),
  ('medicare', 'traditional medicare', 10), ('medicare', 'original medicare', 10), ('medicare', 'medicare ffs', 10),
  ('medicare', 'medicare fee for service', 10),
  ('medicare_supplement', 'medicare supplement', 20), ('medicare_supplement', 'medigap', 20),
  ('medicaid', 'medicaid', 2), ('medicaid', 'managed medicaid', 2), ('medicaid', 'mcd', 1), ('medicaid', 'chip', 1), ('medicaid', 'medi cal', 2),
  ('medicaid', 'masshealth', 2), ('medicaid', 'child health plus', 2), ('medicaid', 'harp', 1), ('medicaid', 'badgercare', 2),
  ('medicaid', 'star plus', 2), ('medicaid', 'community plan', 0),
  ('dual_eligible', 'dual', 20), ('dual_eligible', 'dsnp', 20), ('dual_eligible', 'd snp', 20), ('dual_eligible', 'duals', 20),
  ('dual_eligible', 'mmai', 20), ('dual_eligible', 'mmp', 20), ('dual_eligible', 'pace', 15),
  ('exchange', 'exchange', 5), ('exchange', 'marketplace', 5), ('exchange', 'hix', 5), ('exchange', 'qhp', 5), ('exchange', 'aca', 5),
  ('workers_compensation', 'workers comp', 30), ('workers_compensation', 'workers compensation', 30), ('workers_compensation', 'work comp', 30),
  ('workers_compensation', 'workman comp', 30), ('workers_compensation', 'workmans comp', 30), ('workers_compensation', 'wc', 30),
  ('auto_liability', 'no fault', 30), ('auto_liability', 'auto', 25), ('auto_liability', 'motor vehicle', 30),
  ('government', 'tricare', 15), ('government', 'champus', 15), ('government', 'champva', 15), ('government', 'vaccn', 15),
  ('government', 'va ccn', 15), ('government', 'veterans', 15), ('government', 'indian health', 15), ('government', 'essential plan', 5),
  ('self_pay', 'self pay', 10), ('self_pay', 'uninsured', 10)
) as seed (target, phrase, priority);

insert into core.payer_rules (kind, target, match, phrase, priority)
select 'plan_type', target, 'contains', phrase, priority from (values
  ('hmo', 'hmo', 0), ('ppo', 'ppo', 0), ('epo', 'epo', 0), ('pos', 'pos', 0), ('pos', 'hmo pos', 5), ('pos', 'point of service', 5),
  ('hdhp', 'hdhp', 5), ('hdhp', 'high deductible', 5), ('indemnity', 'indemnity', 0), ('pffs', 'pffs', 5), ('snp', 'snp', 5),
  ('snp', 'dsnp', 5), ('snp', 'special needs', 5)
) as seed (target, phrase, priority);

reset role;

select core.match_plans();
