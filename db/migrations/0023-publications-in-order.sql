-- Publications get their ids in the order in which they become visible: whoever sees number 12 sees every one before it, and
-- never a lower one later. So one number says what was current at a moment (a walk over pages carries it in its cursor), to
-- the transaction, which a time cannot: a publication has its time some seconds before it is committed.
--
-- For that, transactions that publish wait for each other from here to their commit: an id is taken only when that of the
-- one before is visible. Publishing is the last thing a load does, so that is some milliseconds; one that stands still before
-- its commit is given up.
set local role glimmr_pipeline;

create or replace function prices.note_publication() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and old.status = 'published' and new.status <> 'published' then
    update prices.publications p set superseded_at = greatest(coalesce(new.superseded_at, now()), p.published_at)
    where p.file_id = new.id and p.superseded_at is null;
  end if;
  if new.status = 'published' and (tg_op = 'INSERT' or old.status <> 'published') then
    perform pg_advisory_xact_lock(hashtextextended('glimmr publications', 0));
    perform set_config('idle_in_transaction_session_timeout', '30s', true);
    insert into prices.publications (hospital_id, organisation_id, file_id, upload_id, published_at)
    values (new.hospital_id, new.organisation_id, new.id, new.upload_id, new.published_at);
  end if;
  return null;
end $$;

reset role;
