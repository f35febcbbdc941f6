-- Organisations, their API keys and their hospitals. Written by services/core only.
set local role glimmr_core;

create table core.organisations (
  id uuid primary key default gen_random_uuid(),
  name text not null unique check (length(name) between 1 and 200),
  created_at timestamptz not null default now()
);

create table core.api_keys (
  id uuid primary key default gen_random_uuid(),
  organisation_id uuid not null references core.organisations,
  name text not null check (length(name) between 1 and 200),
  prefix text not null,                        -- first characters of the key, shown to people
  hash bytea not null unique,                  -- sha256 of the whole key; the key itself is stored nowhere
  roles text[] not null check (cardinality(roles) > 0 and roles <@ array['admin', 'uploader', 'partner', 'viewer', 'store']),
  scopes text[] not null,
  created_by text,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_organisation on core.api_keys (organisation_id, created_at);

create table core.hospitals (
  id uuid primary key default gen_random_uuid(),
  organisation_id uuid not null references core.organisations,
  name text not null check (length(name) between 1 and 500),
  state text,
  npis text[] not null default '{}',           -- type 2 NPIs seen in its files
  licences text[] not null default '{}',       -- 'STATE number'
  addresses text[] not null default '{}',
  created_at timestamptz not null default now()
);
create index hospitals_organisation on core.hospitals (organisation_id, id);
create index hospitals_npis on core.hospitals using gin (npis);
create index hospitals_licences on core.hospitals using gin (licences);
create index hospitals_name on core.hospitals (organisation_id, lower(name));

-- What a price file says of its hospital → the hospital's id, created when it is new to the organisation.
-- Joined by NPI, then licence, then name and state: a name alone is shared by many hospitals.
-- The pipeline may call this, but not write the table. Hospitals of other organisations are never touched, so no
-- uploader can replace another's prices by printing its NPI.
-- Of what a hospital is known by 200 are kept, the first ones: it grew with every file, and everybody who lists hospitals
-- reads it. The largest of the real files names 24 places.
create function core.join_hospital(
  organisation uuid, hospital_name text, hospital_state text, hospital_npis text[], hospital_licences text[],
  hospital_addresses text[]
) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  found_id uuid;
  most constant int := 200;
begin
  perform pg_advisory_xact_lock(hashtextextended('core.join_hospital ' || organisation::text, 0));
  select h.id into found_id from core.hospitals h
  where h.organisation_id = organisation and h.npis && hospital_npis
  order by h.created_at, h.id limit 1;
  if found_id is null then
    select h.id into found_id from core.hospitals h
    where h.organisation_id = organisation and h.licences && hospital_licences
    order by h.created_at, h.id limit 1;
  end if;
  if found_id is null then
    select h.id into found_id from core.hospitals h
    where h.organisation_id = organisation and lower(h.name) = lower(btrim(hospital_name))
      and (h.state is null or hospital_state is null or h.state = hospital_state)
    order by h.created_at, h.id limit 1;
  end if;
  if found_id is null then
    insert into core.hospitals (organisation_id, name, state, npis, licences, addresses)
    values (organisation, left(btrim(hospital_name), 500), hospital_state, hospital_npis[1:most], hospital_licences[1:most],
      hospital_addresses[1:most])
    returning id into found_id;
  else
    update core.hospitals h set
      state = coalesce(h.state, hospital_state),
      npis = (h.npis || array(select distinct n from unnest(hospital_npis) n where n <> all (h.npis) order by 1))[1:most],
      licences = (h.licences || array(select distinct l from unnest(hospital_licences) l where l <> all (h.licences) order by 1))[1:most],
      addresses = case when cardinality(h.addresses) = 0 then hospital_addresses[1:most] else h.addresses end
    where h.id = found_id;
  end if;
  return found_id;
end $$;
revoke execute on function core.join_hospital from public;

grant usage on schema core to glimmr_media, glimmr_pipeline, glimmr_links, glimmr_auth;
grant execute on function core.join_hospital to glimmr_pipeline;
grant select on core.organisations to glimmr_media, glimmr_pipeline, glimmr_auth;
grant select on core.hospitals to glimmr_media, glimmr_pipeline, glimmr_links;
grant select on core.api_keys to glimmr_auth;

reset role;
