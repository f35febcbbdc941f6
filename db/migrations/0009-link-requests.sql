-- A request to make a link may be repeated (a lost answer): the same Idempotency-Key gives the same link.
set local role glimmr_links;

alter table links.links
  add column idempotency_key text,
  add column idempotency_hash bytea;           -- of the request body: the same key with another body is refused
create unique index links_idempotency on links.links (organisation_id, created_by, idempotency_key)
  where idempotency_key is not null;

reset role;
