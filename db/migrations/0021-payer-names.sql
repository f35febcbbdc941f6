-- Names of payers again (0013, 0017): a payer's own name is always found, and no name is taken for that of another payer. Prices
-- of one insurer under the name of another are worse than prices under none, so what may be two payers is nobody's.
set local role glimmr_core;

-- 'BLUE CROSS & BLUE SHIELD [110001]' → 'blue cross blue shield': words in lower case, as written. Numbers in brackets,
-- apostrophes and "and" go; a name in brackets stays: '[KAISER FOUNDATION HEALTH PLAN, INC.]'.
create or replace function core.plain_name(name text) returns text
language sql immutable parallel safe
return btrim(regexp_replace(
  regexp_replace(
    regexp_replace(lower(regexp_replace(name, '\[\d+\]|\(\d+\)|[''’`]', '', 'g')), '[^[:alnum:]]+', ' ', 'g'),
    '\mand\M', ' ', 'g'),
  ' +', ' ', 'g'));

-- 'AvMed HMO' → '| avmed hmo | av med hmo |': as written, and taken apart at the capitals where that is something else. A rule
-- that contains 'avmed' finds ' avmed ' in it, one that equals it finds '| avmed |'.
create function core.name_forms(name text) returns text
language sql immutable parallel safe
return '| ' || core.plain_name(name) || ' |' || coalesce(' ' || nullif(
  core.plain_name(regexp_replace(name, '([a-z])([A-Z])', '\1 \2', 'g')), core.plain_name(name)) || ' |', '');

-- Without what the name says it is not: 'commercial non medicare' is commercial, and after "excluding" nothing counts.
create function core.without_excluded(forms text) returns text
language sql immutable parallel safe
return regexp_replace(
  regexp_replace(forms, '\m(excl|excludes?|excluded|excluding|except|excepting|without)\M[^|]*', '', 'g'),
  '\m(non|not|off) (medicare advantage|medicare (or )?medicaid|medicaid (or )?medicare|\w+) ', '', 'g');

-- A rule may also say that its phrase tells nothing, where a shorter one would: 'kaiser aluminum' is not Kaiser Permanente.
alter table core.canonical_payers add constraint canonical_payers_unclear check (slug <> 'unclear');
alter table core.payer_rules
  drop constraint payer_rules_check,
  add constraint payer_rules_class check (kind <> 'class' or target in ('commercial', 'medicare_advantage', 'medicare',
    'medicare_supplement', 'medicaid', 'dual_eligible', 'exchange', 'workers_compensation', 'auto_liability', 'government',
    'self_pay', 'other', 'unclear'));

-- Applies the rules to some plans, or to all. Whoever calls it while rules change waits, so no plan keeps an old answer.
create or replace function core.match_plans(plans int[] default null) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- The planner expects two hits where there are thousands, and would go through them all for each plan.
set enable_nestloop = off as $$
declare
  touched int;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('core.payer_rules', 0));
  with plan as materialized (
    select l.id, l.payer_id, core.name_forms(y.name) as payer, core.name_forms(coalesce(l.name, '')) as plan
    from prices.plans l join prices.payers y on y.id = l.payer_id
    where plans is null or l.id = any(plans)
  ),
  -- Who it is, is looked for in the payer's name first; what it is, in the plan's first, and not in what they exclude, except by
  -- a rule whose own phrase says so: 'off exchange'.
  name as materialized (
    select p.id, k.kind, k.entire,
      case when k.kind = 'payer' then p.payer when k.entire then p.plan else core.without_excluded(p.plan) end as first,
      case when k.kind = 'payer' then p.plan when k.entire then p.payer else core.without_excluded(p.payer) end as other
    from plan p
    cross join (values ('payer', true), ('class', false), ('class', true), ('plan_type', false), ('plan_type', true)) k (kind, entire)
  ),
  -- By the first word of its phrase a rule meets the few names it may be in; trying each on each takes nine times as long.
  word as materialized (
    select n.*, w.word
    from name n cross join lateral (select distinct word from string_to_table(n.first || n.other, ' ') word) w
  ),
  rule as materialized (
    select r.*, r.match = 'equals' as whole, split_part(r.phrase, ' ', 1) as first_word,
      r.kind = 'payer' or core.without_excluded(' ' || r.phrase || ' ') <> ' ' || r.phrase || ' ' as entire,
      case r.match when 'equals' then '| ' || r.phrase || ' |' else ' ' || r.phrase || ' ' end as words
    from core.payer_rules r
  ),
  -- A plan's name that equals a short payer's ('hip', 'bcbs ma') is mostly a word of its payer: only the payer's own name counts.
  hit as (
    select n.id, n.kind, r.target, r.id as rule, r.priority, length(r.phrase) as length, r.whole, s.in_first,
      strpos('|' || split_part(case when s.in_first then n.first else n.other end, '|', 2) || '|', r.words) > 0 as as_written
    from word n
    join rule r on r.kind = n.kind and r.entire = n.entire and r.first_word = n.word and (strpos(n.first, r.words) > 0
      or not (r.whole and r.kind = 'payer') and strpos(n.other, r.words) > 0)
    cross join lateral (select strpos(n.first, r.words) > 0 as in_first) s
  ),
  -- The payer's name is worth 2 of priority. So it says who the payer is, unless it says no more than Blue Cross (-2) and the
  -- plan names the licensee (1): 'BCBS', 'Anthem BCBS CT HMO' is Anthem; 'Multiplan', 'Humana Commercial' is MultiPlan.
  found as (
    select distinct on (h.id, h.kind) h.* from hit h
    order by h.id, h.kind, h.priority + case when h.kind = 'payer' and h.in_first then 2 else 0 end desc,
      h.in_first desc, h.whole desc, h.as_written desc, h.length desc, h.rule
  ),
  -- "HMO/PPO" is neither.
  type as (
    select f.* from found f
    where f.kind = 'plan_type' and not exists (
      select from hit o where o.id = f.id and o.kind = f.kind and o.priority = f.priority and o.target <> f.target)
  ),
  matched as (
    select p.id, p.payer_id, c.slug, t.target as plan_type,
      case when k.target is distinct from 'unclear' then coalesce(k.target, c.default_class) end as payer_class,
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

-- Payers of names that were taken for another payer's, and the Blues that had none. Nothing that an admin made is touched.
insert into core.canonical_payers (slug, name, default_class) values
  ('bcbs-arkansas', 'Arkansas Blue Cross and Blue Shield', 'commercial'),
  ('bcbs-idaho', 'Blue Cross of Idaho', 'commercial'),
  ('bcbs-kansas', 'Blue Cross and Blue Shield of Kansas', 'commercial'),
  ('bcbs-mississippi', 'Blue Cross & Blue Shield of Mississippi', 'commercial'),
  ('bcbs-montana', 'Blue Cross and Blue Shield of Montana', 'commercial'),
  ('bcbs-nebraska', 'Blue Cross and Blue Shield of Nebraska', 'commercial'),
  ('bcbs-new-mexico', 'Blue Cross and Blue Shield of New Mexico', 'commercial'),
  ('bcbs-north-dakota', 'Blue Cross Blue Shield of North Dakota', 'commercial'),
  ('bcbs-oklahoma', 'Blue Cross and Blue Shield of Oklahoma', 'commercial'),
  ('bcbs-rhode-island', 'Blue Cross & Blue Shield of Rhode Island', 'commercial'),
  ('bcbs-vermont', 'Blue Cross and Blue Shield of Vermont', 'commercial'),
  ('bcbs-wyoming', 'Blue Cross Blue Shield of Wyoming', 'commercial'),
  ('eastern-oregon-cco', 'Eastern Oregon Coordinated Care Organization', 'medicaid'),
  ('hmsa', 'Hawaii Medical Service Association (HMSA)', 'commercial'),
  ('jefferson-health-plans', 'Jefferson Health Plans (Health Partners Plans)', null),
  ('mercycare-wisconsin', 'MercyCare Health Plans', 'commercial'),
  ('mo-healthnet', 'MO HealthNet', 'medicaid'),
  ('select-health-south-carolina', 'Select Health of South Carolina (First Choice)', 'medicaid'),
  ('trillium-community-health', 'Trillium Community Health Plan', 'medicaid'),
  ('trillium-health-resources', 'Trillium Health Resources', 'medicaid'),
  ('umpqua', 'Umpqua Health Alliance', 'medicaid'),
  ('vns-health', 'VNS Health', null)
on conflict do nothing;
update core.canonical_payers set name = 'Trillium (state not named)'
where slug = 'trillium' and name = 'Trillium' and created_by is null;

-- Words that other payers' names hold too. What is still theirs alone comes back below, longer or as the whole name.
delete from core.payer_rules where created_by is null and match = 'contains' and (kind, phrase) in (
  ('payer', 'bcbs ma'), ('payer', 'care first'), ('payer', 'care plus'), ('payer', 'careplus'), ('payer', 'alignment'),
  ('payer', 'alliant'), ('payer', 'coordinated care'), ('payer', 'county care'), ('payer', 'first choice'),
  ('payer', 'great west'), ('payer', 'health alliance'), ('payer', 'health partners'), ('payer', 'la care'),
  ('payer', 'meridian'), ('payer', 'prime health'), ('payer', 'scan'), ('payer', 'select health'), ('payer', 'sunshine'),
  ('payer', 'well care'), ('class', 'auto'));

-- Which Blue it is counts more than that it is one, and a licensee's brand more than its state.
update core.payer_rules set priority = -2 where kind = 'payer' and target = 'bcbs' and created_by is null;
update core.payer_rules set priority = 2
where kind = 'payer' and created_by is null and target in ('anthem', 'capital-blue-cross', 'carefirst', 'excellus', 'healthy-blue',
  'highmark', 'horizon', 'independence', 'premera', 'regence', 'wellmark');

insert into core.payer_rules (kind, target, match, phrase, priority)
select 'payer', target, 'contains', format(form, place), 1
from (values
  ('anthem', 'colorado', 'co'), ('anthem', 'connecticut', 'ct'), ('anthem', 'georgia', 'ga'), ('anthem', 'indiana', 'in'),
  ('anthem', 'kentucky', 'ky'), ('anthem', 'maine', 'me'), ('anthem', 'nevada', 'nv'), ('anthem', 'new hampshire', 'nh'),
  ('anthem', 'ohio', 'oh'), ('anthem', 'wisconsin', 'wi'), ('bcbs-alabama', 'alabama', 'al'), ('bcbs-arizona', 'arizona', 'az'),
  ('bcbs-arkansas', 'arkansas', 'ar'), ('bcbs-florida', 'florida', 'fl'), ('bcbs-idaho', 'idaho', 'id'),
  ('bcbs-illinois', 'illinois', 'il'), ('bcbs-kansas', 'kansas', 'ks'), ('bcbs-kansas-city', 'kansas city', 'kc'),
  ('bcbs-louisiana', 'louisiana', 'la'), ('bcbs-massachusetts', 'massachusetts', 'ma'), ('bcbs-michigan', 'michigan', 'mi'),
  ('bcbs-minnesota', 'minnesota', 'mn'), ('bcbs-mississippi', 'mississippi', 'ms'), ('bcbs-montana', 'montana', 'mt'),
  ('bcbs-nebraska', 'nebraska', 'ne'), ('bcbs-new-mexico', 'new mexico', 'nm'), ('bcbs-north-carolina', 'north carolina', 'nc'),
  ('bcbs-north-dakota', 'north dakota', 'nd'), ('bcbs-oklahoma', 'oklahoma', 'ok'), ('bcbs-rhode-island', 'rhode island', 'ri'),
  ('bcbs-south-carolina', 'south carolina', 'sc'), ('bcbs-tennessee', 'tennessee', 'tn'), ('bcbs-texas', 'texas', 'tx'),
  ('bcbs-vermont', 'vermont', 'vt'), ('bcbs-wyoming', 'wyoming', 'wy'), ('carefirst', 'maryland', 'md'),
  ('highmark', 'delaware', 'de'), ('highmark', 'west virginia', 'wv'), ('highmark', 'western new york', 'wny'),
  ('hmsa', 'hawaii', 'hi'), ('horizon', 'new jersey', 'nj'), ('premera', 'alaska', 'ak'), ('regence', 'oregon', 'or'),
  ('regence', 'utah', 'ut'), ('wellmark', 'iowa', 'ia'), ('wellmark', 'south dakota', 'sd')
) as licensee (target, state, code)
-- 'bcbs ma' and the like are not among them: "MA" is Medicare Advantage too.
cross join lateral (values
  ('blue cross blue shield of %s', state), ('blue cross blue shield %s', state), ('bluecross blueshield of %s', state),
  ('bluecross blueshield %s', state), ('bcbs of %s', state), ('bcbs %s', state), ('blue cross of %s', state),
  ('blue cross blue shield of %s', code), ('bcbs of %s', code)
) as spelling (form, place)
where exists (select from core.canonical_payers c where c.slug = target)
on conflict do nothing;

insert into core.payer_rules (kind, target, match, phrase, priority)
select 'payer', target, match, phrase, priority from (values
  ('anthem', 'contains', 'empire blue', 2), ('anthem', 'contains', 'empire bluecross', 2),
  ('bcbs-arkansas', 'contains', 'arkansas blue cross', 1), ('bcbs-arkansas', 'contains', 'arkansas bluecross', 1),
  ('bcbs-massachusetts', 'equals', 'bcbs ma', 1), ('bcbs-massachusetts', 'equals', 'blue cross blue shield ma', 1),
  ('bcbs-massachusetts', 'equals', 'bluecross blueshield ma', 1), ('bcbs-oklahoma', 'contains', 'bcbsok', 1),
  ('bcbs-rhode-island', 'contains', 'bcbsri', 1), ('bcbs-tennessee', 'contains', 'bluecare tennessee', 1),
  ('blue-shield-california', 'contains', 'blueshield of california', 1), ('blue-shield-california', 'contains', 'blue shield of ca', 1),
  ('alignment', 'contains', 'alignment health', 0), ('alignment', 'contains', 'alignment healthcare', 0),
  ('alignment', 'equals', 'alignment', 0), ('alliant', 'contains', 'alliant health', 0), ('alliant', 'equals', 'alliant', 0),
  ('cal-optima', 'contains', 'caloptima health', 0), ('cal-optima', 'contains', 'cal optima health', 0),
  ('carefirst', 'contains', 'care first bcbs', 2), ('carefirst', 'contains', 'care first blue', 2),
  ('careplus', 'equals', 'careplus', 0), ('careplus', 'contains', 'careplus health plan', 0),
  ('careplus', 'contains', 'careplus health plans', 0), ('careplus', 'contains', 'care plus health plan', 0),
  ('careplus', 'contains', 'care plus health plans', 0), ('careplus', 'contains', 'careplus medicare', 0),
  ('cigna', 'equals', 'great west', 0), ('cigna', 'contains', 'great west healthcare', 0),
  ('coordinated-care', 'equals', 'coordinated care', 0), ('coordinated-care', 'contains', 'coordinated care of washington', 0),
  ('coordinated-care', 'contains', 'coordinated care apple health', 0), ('countycare', 'equals', 'county care', 0),
  ('eastern-oregon-cco', 'contains', 'eastern oregon coordinated care', 0), ('eastern-oregon-cco', 'contains', 'eocco', 0),
  ('first-choice', 'contains', 'first choice health', 0), ('health-alliance', 'equals', 'health alliance', 0),
  ('health-alliance', 'contains', 'health alliance medical plan', 0), ('health-alliance', 'contains', 'health alliance medical plans', 0),
  ('hmsa', 'contains', 'hmsa', 0), ('hmsa', 'contains', 'hawaii medical service association', 0),
  ('jefferson-health-plans', 'contains', 'jefferson health plan', 0), ('jefferson-health-plans', 'contains', 'jefferson health plans', 0),
  ('jefferson-health-plans', 'contains', 'health partners plan', 0), ('jefferson-health-plans', 'contains', 'health partners plans', 0),
  ('jefferson-health-plans', 'contains', 'healthpartners plans', 0),
  ('la-care', 'equals', 'la care', 0), ('la-care', 'contains', 'la care health plan', 0),
  ('mass-general-brigham', 'contains', 'allways healthpartners', 0), ('mercycare-wisconsin', 'contains', 'mercycare', 0),
  ('meridian', 'equals', 'meridian', 0), ('meridian', 'contains', 'meridian health plan', 0), ('meridian', 'contains', 'meridian complete', 0),
  ('meridian', 'contains', 'meridian medicaid', 0), ('meridian', 'contains', 'meridian mcaid', 0), ('meridian', 'contains', 'meridian medicare', 0),
  ('metroplus', 'contains', 'metroplushealth', 0), ('metroplus', 'contains', 'metroplus health', 0),
  ('mo-healthnet', 'contains', 'mo healthnet', 0), ('mo-healthnet', 'contains', 'missouri healthnet', 0),
  ('mo-healthnet', 'contains', 'mo health net', 0), ('prime-health', 'equals', 'prime health', 0),
  ('prime-health', 'contains', 'prime health services', 0), ('scan', 'equals', 'scan', 0), ('scan', 'contains', 'scan medicare', 0),
  ('select-health', 'equals', 'select health', 0), ('select-health-south-carolina', 'contains', 'select health of south carolina', 0),
  ('select-health-south-carolina', 'contains', 'selecthealth of south carolina', 0),
  ('select-health-south-carolina', 'contains', 'select health of sc', 0), ('select-health-south-carolina', 'contains', 'first choice vip', 0),
  ('select-health-south-carolina', 'contains', 'first choice by select health', 0), ('simply', 'equals', 'simply', 0),
  ('sunshine', 'equals', 'sunshine', 0), ('sutter', 'contains', 'sutter health plan', 0), ('sutter', 'contains', 'sutter health plus', 0),
  ('trillium-community-health', 'contains', 'trillium community health', 0), ('trillium-community-health', 'contains', 'trillium ohp', 0),
  ('trillium-health-resources', 'contains', 'trillium health resources', 0), ('umpqua', 'contains', 'umpqua health', 0),
  ('united-healthcare', 'contains', 'medica healthcare', 0), ('vns-health', 'contains', 'vns choice', 0), ('vns-health', 'contains', 'vns health', 0),
  ('vns-health', 'contains', 'vns medicare', 0), ('vns-health', 'contains', 'vnsny', 0), ('vns-health', 'contains', 'vnsny choice select health', 0),
  ('vns-health', 'contains', 'vnsny selecthealth', 0), ('vns-health', 'contains', 'vnsny choice selecthealth', 0),
  ('wellcare', 'equals', 'well care', 0), ('wellcare', 'contains', 'well care health plan', 0), ('wellcare', 'contains', 'well care health plans', 0),
  ('wellsense', 'contains', 'bmc health net', 0), ('wellsense', 'contains', 'boston medical center healthnet', 0),
  ('wellsense', 'contains', 'boston medical center health net', 0),
  -- An aluminium maker, a hospital system and a life insurer.
  ('unclear', 'contains', 'kaiser aluminum', 0), ('unclear', 'contains', 'firsthealth of the carolinas', 0),
  ('unclear', 'contains', 'first health of the carolinas', 0), ('unclear', 'contains', 'oxford life', 0)
) as seed (target, match, phrase, priority)
where target = 'unclear' or exists (select from core.canonical_payers c where c.slug = target)
on conflict do nothing;

insert into core.payer_rules (kind, target, match, phrase, priority)
select 'class', target, match, phrase, priority from (values
  ('auto_liability', 'equals', 'auto', 25), ('auto_liability', 'contains', 'auto accident', 25), ('auto_liability', 'contains', 'auto insurance', 25),
  ('auto_liability', 'contains', 'auto liability', 25), ('auto_liability', 'contains', 'auto medical', 25),
  ('auto_liability', 'contains', 'automobile', 25), ('auto_liability', 'contains', 'mva', 25),
  -- A plan for both is a dual one, a name for either tells neither.
  ('dual_eligible', 'contains', 'medicare medicaid plan', 20), ('dual_eligible', 'contains', 'medicare medicaid plans', 20),
  ('dual_eligible', 'contains', 'medicare medicaid managed care', 20), ('unclear', 'contains', 'medicare medicaid', 2),
  ('unclear', 'contains', 'medicaid medicare', 2), ('unclear', 'contains', 'dual option', 21), ('unclear', 'contains', 'dual choice', 21),
  ('government', 'contains', 'triwest', 15), ('government', 'contains', 'tri west', 15),
  ('medicaid', 'contains', 'uhc community plan', 1), ('medicaid', 'contains', 'unitedhealthcare community plan', 1),
  ('medicaid', 'contains', 'united healthcare community plan', 1), ('medicaid', 'contains', 'mo healthnet', 2),
  ('medicare', 'contains', 'part a', 10), ('medicare', 'contains', 'part b', 10), ('medicare', 'contains', 'parts a b', 10),
  ('medicare_supplement', 'contains', 'medicare supp', 20), ('medicare_supplement', 'contains', 'medicare supplemental', 20),
  ('workers_compensation', 'contains', 'w c', 30), ('workers_compensation', 'contains', 'worker comp', 30),
  ('workers_compensation', 'contains', 'worker compensation', 30), ('workers_compensation', 'contains', 'workerscomp', 30),
  ('workers_compensation', 'contains', 'workman compensation', 30), ('workers_compensation', 'contains', 'workmans compensation', 30),
  ('workers_compensation', 'contains', 'workmens compensation', 30),
  -- Commercial or Community; Massachusetts, Medicare Advantage or Medical Assistance.
  ('unclear', 'contains', 'comm plan', 0), ('unclear', 'equals', 'ma', 0), ('unclear', 'contains', 'ma hmo', 0),
  ('unclear', 'contains', 'ma ppo', 0), ('unclear', 'contains', 'ma plan', 0), ('unclear', 'contains', 'ma plans', 0),
  ('unclear', 'contains', 'hmo ma', 0), ('unclear', 'contains', 'ppo ma', 0), ('unclear', 'contains', 'anthem bcbs ma', 0),
  ('unclear', 'contains', 'excellus bcbs ma', 0), ('unclear', 'contains', 'highmark bcbs ma', 0)
) as seed (target, match, phrase, priority)
on conflict do nothing;

reset role;

select core.match_plans();
