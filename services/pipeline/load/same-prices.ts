/**
 * Whether a file says the same as an earlier one of its hospital, whatever the order of its rows. Hospitals publish
 * anew every month or year, often with another date on the same prices.
 *
 * The hash of a file is a sum over its prices (rates, charges without any, modifiers), so order does not matter and a
 * repeated row counts each time. Codes and modifiers go in as sets, numbers by their value (12.50 is 12.5). Notes and
 * columns of the hospital's own are no prices. It takes the server some 4 µs a rate, so it is asked for only where the
 * counts agree, in a job of its own, after the file is published.
 */
import { execute, one, type Pool, type Queryable, rows, transaction } from '@glimmr/lib/db'
import { type Sql, sql } from '@glimmr/lib/sql'

/** In the transaction that publishes: the job, if there is an earlier file that could be the same. */
export async function addComparison(db: Queryable, fileId: number): Promise<void> {
  await rows(
    db,
    sql`
      select graphile_worker.add_job('compare', json_build_object('file_id', ${fileId}::int),
        job_key => ${`compare:${fileId}`}, max_attempts => 5)
      where exists (${sameCounts(fileId)})`,
  )
}

/** Files of the hospital with as many prices. An index on the hospital finds them. */
function sameCounts(fileId: number): Sql {
  return sql`
    select e.id from prices.files f
    join prices.files e on e.hospital_id = f.hospital_id and e.id < f.id and e.status in ('published', 'superseded')
      and e.rates_count = f.rates_count and e.modifiers_count = f.modifiers_count
    where f.id = ${fileId}
    order by e.id desc limit 20`
}

/** Says in the file's row which earlier file has the same prices. Repeating it is harmless. */
export async function comparePrices(pool: Pool, fileId: number): Promise<number | undefined> {
  const candidates = await rows<{ id: number }>(pool, sameCounts(fileId))
  if (candidates.length === 0) return undefined
  const own = await hashOf(pool, fileId)
  for (const { id } of candidates) {
    if ((await hashOf(pool, id)) !== own) continue
    await execute(pool, sql`update prices.files set same_prices_as = ${id} where id = ${fileId}`)
    return id
  }
  return undefined
}

/** Rows of a file never change, so its hash is made once. */
async function hashOf(pool: Pool, fileId: number): Promise<string> {
  return transaction(pool, async client => {
    const known = await one<{ hash: string | null }>(
      client,
      sql`select content_hash as hash from prices.files where id = ${fileId}`,
    )
    if (known.hash) return known.hash
    await client.query("set local statement_timeout = '15min'; set local work_mem = '64MB'")
    const { hash } = await one<{ hash: string }>(client, contentHash(fileId))
    await execute(client, sql`update prices.files set content_hash = ${hash} where id = ${fileId}`)
    return hash
  })
}

function contentHash(fileId: number): Sql {
  const first = fileId * 2 ** 32
  const last = first + 2 ** 32 - 1
  return sql`
    with item as materialized (
      select i.id, md5(row(i.description, trim_scale(i.drug_unit), i.drug_type,
        array(select upper(k.code_type) || ' ' || k.code_normalised from prices.item_codes k where k.item_id = i.id order by 1))::text) as hash
      from prices.items i where i.id between ${first} and ${last}
    ),
    charge as materialized (
      select c.id, md5(row(i.hash, c.setting, c.billing_class, array(select distinct m from unnest(c.modifiers) m order by 1),
        trim_scale(c.gross), trim_scale(c.discounted_cash), trim_scale(c.minimum), trim_scale(c.maximum))::text) as hash
      from item i join prices.charges c on c.item_id = i.id
    ),
    price as (
      select md5(row(c.hash, r.plan_id, trim_scale(r.negotiated_dollar), trim_scale(r.negotiated_percentage), a.body, r.methodology,
        trim_scale(r.estimated_amount), trim_scale(r.median_amount), trim_scale(r.percentile_10th), trim_scale(r.percentile_90th),
        r.count)::text) as hash
      from prices.rates r
      join charge c on c.id = r.charge_id
      left join prices.texts a on a.id = r.algorithm_id
      where r.charge_id between ${first} and ${last}
      union all
      select c.hash from charge c where not exists (select from prices.rate_blocks b where b.charge_id = c.id)
      union all
      select md5(row(m.code, m.description, m.setting, m.plan_id, trim_scale(m.negotiated_dollar), trim_scale(m.negotiated_percentage),
        a.body, m.methodology)::text)
      from prices.modifiers m left join prices.texts a on a.id = m.algorithm_id
      where m.id between ${first} and ${last}
    ),
    total as (
      select count(*) as prices, sum(('x' || left(hash, 16))::bit(64)::bigint) as high,
        sum(('x' || right(hash, 16))::bit(64)::bigint) as low
      from price
    )
    select md5(row(prices, high, low)::text) as hash from total`
}
