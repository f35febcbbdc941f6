-- A condition of GraphQL that leads from a rate to the codes of its item, with the permissions of every table on the way,
-- is a join of ten tables. Beyond eight Postgres no longer looks for the best order of them but keeps the written one, and
-- reads all rates: half a second among two million, instead of 7 ms from the code to the rates of its charges. Planning it
-- takes 2 ms. For the role, so that it holds for the embedded engine and for a real Hasura.
alter role glimmr_links set from_collapse_limit = 16;
alter role glimmr_links set join_collapse_limit = 16;
