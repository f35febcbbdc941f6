import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createTestDatabase } from '@glimmr/dev/testing'
import { one } from '@glimmr/lib/db'
import { createS3Client } from '@glimmr/lib/s3'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'
import { anItem, csv } from './test-files.ts'
import { addOrganisation, ended, startStore, until, upload } from './test-store.ts'

const items = 3000
const plans = 10
const file = csv(
  Array.from({ length: items * plans }, (_, at) => ({
    ...anItem,
    description: `Item ${Math.floor(at / plans)}`,
    plan_name: `Plan ${at % plans}`,
    additional_generic_notes: `Note ${at % 7}`,
    'standard_charge|negotiated_dollar': `${at % 977}.25`,
  })),
)

t.test(
  'kill -9 of the process at any moment: the next one finishes the load, nothing doubled or half visible',
  { timeout: 150_000 },
  async t => {
    const db = await createTestDatabase(t)
    const s3 = await startStore(t)
    const client = createS3Client(s3)
    t.teardown(() => client.destroy())
    const setting = { db, client, organisation: await addOrganisation(db) }
    const env = {
      PATH: process.env.PATH ?? '',
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'fatal',
      DATABASE_URL: db.urlFor('glimmr_pipeline'),
      S3_ENDPOINT: s3.endpoint,
      S3_REGION: s3.region,
      S3_BUCKET: s3.bucket,
      S3_ACCESS_KEY_ID: s3.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    }
    const start = () =>
      spawn(process.execPath, [new URL('./main.ts', import.meta.url).pathname], { env, stdio: 'ignore' })
    const kill = async (child: ChildProcess) => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const visible = () =>
      one<{ rates: number }>(
        db.pool,
        sql`
    select count(*)::int as rates from prices.rates r join prices.files f on f.id = r.file_id and f.status = 'published'`,
      )

    const id = await upload(setting, file)
    // Before it begins, once it has begun, and with more and more of the file behind it.
    for (const rows of [-1, 0, 1, 8_000, 20_000]) {
      const child = start()
      const load = await until(
        setting,
        id,
        load =>
          ended(load) || (rows < 0 ? true : load.status === 'loading' && Number(load.rows_seen) >= rows),
      )
      await kill(child)
      if (!ended(load))
        t.ok(
          [0, items * plans].includes((await visible()).rates),
          `after ${rows} rows all or nothing is visible`,
        )
    }
    const child = start()
    t.teardown(() => kill(child))
    t.match(await until(setting, id, ended), {
      status: 'published',
      rows_loaded: String(items * plans),
      error: null,
    })
    t.match(
      await one(
        db.pool,
        sql`
      select (select count(*)::int from prices.items) as items, (select count(*)::int from prices.charges) as charges,
        (select count(*)::int from prices.rates) as rates, (select count(*)::int from prices.item_codes) as codes,
        (select count(distinct row_number)::int from prices.rates) as rows, (select count(*)::int from prices.files) as files,
        (select count(*)::int from prices.texts) as texts`,
      ),
      { items, charges: items, rates: items * plans, codes: items, rows: items * plans, files: 1, texts: 7 },
    )
  },
)
