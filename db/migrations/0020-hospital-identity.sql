-- Which hospital a file is of. A file that joins the wrong one takes the place of that hospital's prices, and nobody sees them
-- any more; one that joins none stands beside, where it is seen and mended by choosing the hospital when uploading. So a
-- hospital is known by its name, unless its numbers say otherwise, and by its numbers alone where they are all the same.
--
-- Systems print one legal name, one licence or one NPI in the files of all their hospitals (Kaiser Foundation Hospitals is the
-- name of each), hence neither is enough where the other differs.
set local role glimmr_core;

-- What a name is compared by: `St. Mary's Hospital` and `ST MARYS HOSPITAL` are one. Null where there is nothing to compare.
create function core.comparable_name(name text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return nullif(regexp_replace(lower(name), '[^[:alnum:]]+', '', 'g'), '');

-- Whether both lists hold something and nothing is in both.
create function core.are_apart(one text[], other text[]) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return cardinality(one) > 0 and cardinality(other) > 0 and not one && other;

-- Whether both hold the same, and something.
create function core.are_same(one text[], other text[]) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return cardinality(one) > 0 and one <@ other and other <@ one;

create index hospitals_comparable_name on core.hospitals (organisation_id, core.comparable_name(name));
drop index core.hospitals_name;

-- What a file says of a hospital is added to what is known of it: the first `most` of each, addresses once.
create function core.add_to_hospital(
  hospital uuid, hospital_state text, hospital_npis text[], hospital_licences text[], hospital_addresses text[]
) returns void
language sql set search_path = pg_catalog, pg_temp
begin atomic
  update core.hospitals h set
    state = coalesce(h.state, hospital_state),
    npis = (h.npis || array(select distinct n from unnest(hospital_npis) n where n <> all (h.npis) order by 1))[1:200],
    licences = (h.licences || array(select distinct l from unnest(hospital_licences) l where l <> all (h.licences) order by 1))[1:200],
    addresses = case when cardinality(h.addresses) = 0 then hospital_addresses[1:200] else h.addresses end
  where h.id = hospital;
end;
revoke execute on function core.add_to_hospital from public;

-- The hospital that was chosen for a file gets what it lacks. Its numbers stay as they are where it has some: the wrong choice
-- must not make two hospitals one.
create function core.complete_hospital(
  organisation uuid, hospital uuid, hospital_state text, hospital_npis text[], hospital_licences text[], hospital_addresses text[]
) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  select core.add_to_hospital(h.id, hospital_state,
    case when cardinality(h.npis) = 0 then hospital_npis else '{}' end,
    case when cardinality(h.licences) = 0 then hospital_licences else '{}' end, hospital_addresses)
  from core.hospitals h where h.id = hospital and h.organisation_id = organisation;
  select exists (select from core.hospitals h where h.id = hospital and h.organisation_id = organisation);
end;
revoke execute on function core.complete_hospital from public;
grant execute on function core.complete_hospital to glimmr_pipeline;

-- In this order: the same name and state, with NPIs in common, with licences in common, or with neither against it; the same
-- NPIs; the same licences. `hospital_name` null: the file gives none.
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
  where h.organisation_id = organisation
    and core.comparable_name(h.name) = core.comparable_name(hospital_name)
    and (h.state is null or hospital_state is null or h.state = hospital_state)
    -- Other numbers of the one kind may be a correction; where a file has none of the other kind either, it is another place.
    and (not core.are_apart(h.npis, hospital_npis) or h.licences && hospital_licences)
    and (not core.are_apart(h.licences, hospital_licences) or h.npis && hospital_npis)
  order by h.npis && hospital_npis desc, h.licences && hospital_licences desc, h.created_at, h.id
  limit 1;
  if found_id is null then
    -- A hospital that changed its name.
    select h.id into found_id from core.hospitals h
    where h.organisation_id = organisation
      and (h.state is null or hospital_state is null or h.state = hospital_state)
      and (
        (h.npis && hospital_npis and core.are_same(h.npis, hospital_npis) and not core.are_apart(h.licences, hospital_licences))
        or (h.licences && hospital_licences and core.are_same(h.licences, hospital_licences)
          and not core.are_apart(h.npis, hospital_npis))
      )
    order by h.npis && hospital_npis desc, h.created_at, h.id
    limit 1;
  end if;
  if found_id is null then
    insert into core.hospitals (organisation_id, name, state, npis, licences, addresses)
    values (organisation, left(coalesce(nullif(btrim(hospital_name), ''), 'Unnamed hospital'), 500), hospital_state,
      hospital_npis[1:most], hospital_licences[1:most], hospital_addresses[1:most])
    returning id into found_id;
  else
    perform core.add_to_hospital(found_id, hospital_state, hospital_npis, hospital_licences, hospital_addresses);
  end if;
  return found_id;
end $$;

reset role;
