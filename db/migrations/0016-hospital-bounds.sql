-- What a hospital is known by grew with every call and file, without an end, and everybody who lists hospitals reads it: 200 of
-- each are kept, the first ones. The largest of the real files names 24 places.
set local role glimmr_core;

create or replace function core.join_hospital(
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

reset role;
