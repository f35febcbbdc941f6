-- GraphQL: the rows of a file by their range of ids (see 0005). A relationship maps columns, and no index begins with file_id:
-- three of them would cost each load a tenth of the server's time. These are computed fields of Hasura, and the planner puts
-- the query in place of the call.
set local role glimmr_pipeline;

create function prices.file_items(file prices.files) returns setof prices.items language sql stable parallel safe as $$
  select * from prices.items i
  where i.id between file.id::bigint * 4294967296 and (file.id::bigint + 1) * 4294967296 - 1
$$;

create function prices.file_charges(file prices.files) returns setof prices.charges language sql stable parallel safe as $$
  select * from prices.charges c
  where c.id between file.id::bigint * 4294967296 and (file.id::bigint + 1) * 4294967296 - 1
$$;

create function prices.file_rates(file prices.files) returns setof prices.rates language sql stable parallel safe as $$
  select * from prices.rates r
  where r.charge_id between file.id::bigint * 4294967296 and (file.id::bigint + 1) * 4294967296 - 1
$$;

grant execute on function prices.file_items, prices.file_charges, prices.file_rates to glimmr_links;

reset role;
