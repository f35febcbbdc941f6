-- An Idempotency-Key is forgotten a week after its upload was announced: the sweep finds those by this index alone.
set local role glimmr_media;

create index uploads_keys on media.uploads (created_at) where idempotency_key is not null;

reset role;
