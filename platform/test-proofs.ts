/** Files through the pipeline from a real store, and random prices of them proved over HTTP by core. */
import { build as buildCore } from '@glimmr/core/server'
import { createTestTokens } from '@glimmr/dev/test-tokens'
import { createTestDatabase } from '@glimmr/dev/testing'
import { rows } from '@glimmr/lib/db'
import { createS3Client } from '@glimmr/lib/s3'
import { sql } from '@glimmr/lib/sql'
import { build as buildPipeline } from '@glimmr/pipeline/server'
import { type ProvedPrice, wrongWith } from '@glimmr/pipeline/test-row-bytes'
import { addOrganisation, ended, startStore, until, upload } from '@glimmr/pipeline/test-store'
import { pino } from 'pino'

type Teardown = { teardown(handler: () => unknown): void }

export type Prover = {
  /** Loads `stored`, asks for the proofs of `count` random prices and says what is wrong with each that is not right. */
  prove(stored: Buffer, source: Buffer, count: number): Promise<{ proved: number; wrong: string[] }>
}

export async function createProver(t: Teardown): Promise<Prover> {
  const db = await createTestDatabase(t)
  const s3 = await startStore(t)
  const client = createS3Client(s3)
  t.teardown(() => client.destroy())
  const log = pino({ level: 'silent' })
  const pipeline = await buildPipeline({ databaseUrl: db.urlFor('glimmr_pipeline'), log, s3 })
  const tokens = createTestTokens()
  const core = await buildCore({ databaseUrl: db.urlFor('glimmr_core'), log, jwks: tokens.jwks, s3 })
  t.teardown(() => Promise.all([pipeline.close(), core.close()]))
  await pipeline.start()
  const url = await core.listen({ port: 0, host: '127.0.0.1' })

  async function prove(stored: Buffer, source: Buffer, count: number) {
    const organisation = await addOrganisation(db)
    const load = await until(
      { db, client, organisation },
      await upload({ db, client, organisation }, stored),
      ended,
    )
    if (load.status !== 'published')
      throw new Error(`${load.status}: ${JSON.stringify(load.reasons)} ${load.error}`)
    const headers = tokens.header({ organisation })
    const prices = await rows<ProvedPrice>(db.pool, randomPrices(organisation, count))
    const wrong: string[] = []
    for (const price of prices) {
      const answer = await fetch(`${url}/v1/core/prices/${price.id}/proof`, { headers })
      const bytes = Buffer.from(await answer.arrayBuffer())
      const fault =
        answer.status === 200
          ? wrongWith(source, price, { bytes, headers: Object.fromEntries(answer.headers) })
          : `${answer.status} ${bytes}`
      if (fault) wrong.push(`${price.id}: ${fault}`)
    }
    return { proved: prices.length, wrong }
  }
  return { prove }
}

function randomPrices(organisation: string, count: number) {
  return sql`
    select c.id || '-' || coalesce(r.id, 0) as id, i.description, r.negotiated_dollar::text, c.gross::text,
      i.row_number as item_row
    from prices.files f
    join prices.charges c on c.file_id = f.id
    join prices.items i on i.id = c.item_id
    left join prices.rates r on r.charge_id = c.id
    where f.organisation_id = ${organisation} and f.status = 'published'
    order by random() limit ${count}`
}
