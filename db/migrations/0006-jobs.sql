-- How services/media hands a stored file to the pipeline without owning the job tables.
set local role glimmr_pipeline;

-- Called in the transaction that marks the upload stored, so both happen or neither. The job's key makes a repeat a
-- no-op while the job is waiting; once it has run, prices.loads remembers it. Returns whether the job is new.
create function jobs.add_load(upload uuid, organisation uuid, bytes bigint, traceparent text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prices.loads (upload_id, organisation_id, status, bytes_total)
  values (upload, organisation, 'queued', bytes)
  on conflict (upload_id) do nothing;
  if not found then
    return false;
  end if;
  perform graphile_worker.add_job(
    'load', json_build_object('upload_id', upload, 'traceparent', traceparent),
    job_key => 'load:' || upload::text, max_attempts => 12);
  return true;
end $$;
revoke execute on function jobs.add_load from public;
grant usage on schema jobs to glimmr_media;
grant execute on function jobs.add_load to glimmr_media;

reset role;
