-- A query over GraphQL that no index serves reads some hundred million rows: it is cancelled after 30 seconds, as the embedded
-- engine does by itself. For the role, so that it holds for a real Hasura too, whose Community edition knows no limit.
alter role glimmr_links set statement_timeout = '30s';
