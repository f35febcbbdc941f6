import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { pageOf } from '@glimmr/lib/pages'
import t, { type Test } from 'tap'
import { build } from '../server.ts'
import { fileSchema, wholeFileSchema } from './file.ts'

type Page = { findings: { ordinal: number }[]; next_cursor: string | null }

async function core(t: Test) {
  const service = await createTestService(t, { build, role: 'glimmr_core' })
  const own = { organisation: await seedOrganisation(service.db.pool, 'Own') }
  const other = { organisation: await seedOrganisation(service.db.pool, 'Other') }
  return { ...service, own, other }
}

t.test('published files are for everyone, the own ones in any status, newest first', async t => {
  const { db, call, own, other } = await core(t)
  const { hospital_id, file_id: old } = await seedFile(db.pool, own)
  const { file_id: current } = await seedFile(db.pool, { ...own, hospital_id, layout: 'wide' })
  const { file_id: rejected } = await seedFile(db.pool, { ...own, status: 'rejected' })
  const ids = async (query: string, claims = own) =>
    (await call(`/v1/core/files?${query}`, claims)).json().files.map((file: { id: number }) => file.id)
  t.same(await ids(''), [rejected, current, old])
  t.same(await ids('', other), [current])
  t.same(await ids('status=rejected', other), [])
  t.same(await ids('status=superseded'), [old])
  t.same(await ids('layout=wide'), [current])
  t.same(await ids(`hospital_id=${hospital_id}`), [current, old])
  const first = (await call('/v1/core/files?limit=2', own)).json()
  t.same(await ids(`limit=2&cursor=${first.next_cursor}`), [old])
  t.equal(
    (await call(`/v1/core/files?limit=2&status=published&cursor=${first.next_cursor}`, own)).statusCode,
    400,
  )
  t.doesNotThrow(() => pageOf('files', fileSchema).parse(first))
  t.equal((await call('/v1/core/files?status=lost', own)).statusCode, 400)
})

t.test('a file tells all it says of itself, and which rules it breaks', async t => {
  const { db, call, own, other } = await core(t)
  const { file_id } = await seedFile(db.pool, own)
  await db.pool.query(
    `update prices.files set general = '{"hospital_name": "X", "amount": 12.50}', size_bytes = 13350000000, npis = '{1234567893}',
       source_bytes = 5, attestation = true, findings_count = 3 where id = $1`,
    [file_id],
  )
  await db.pool.query(
    "insert into prices.finding_counts values ($1, 'min-above-max', 'glimmr', 'warning', 2), ($1, 'code-type', 'cms', 'error', 284000)",
    [file_id],
  )
  const answer = await call(`/v1/core/files/${file_id}`, other)
  t.equal(answer.statusCode, 200)
  t.doesNotThrow(() => wholeFileSchema.parse(answer.json()))
  t.match(answer.json(), {
    size_bytes: 13_350_000_000,
    npis: ['1234567893'],
    attestation: true,
    findings: [
      { rule: 'code-type', layer: 'cms', severity: 'error', count: 284_000 },
      { rule: 'min-above-max', count: 2 },
    ],
  })
  t.ok(answer.body.includes('12.50'))
})

t.test('findings are paged in the order of the file and filtered', async t => {
  const { db, call, own } = await core(t)
  const { file_id } = await seedFile(db.pool, own)
  await db.pool.query(
    `insert into prices.findings (file_id, ordinal, rule, layer, severity, row_number, column_number, cell, value, message)
     select $1, n, 'rule-' || n % 2, case when n % 3 = 0 then 'cms' else 'glimmr' end, case when n % 5 = 0 then 'error' else 'warning' end, n + 3, 2, 'B' || n, 'x', 'is wrong'
     from generate_series(1, 250) n`,
    [file_id],
  )
  const url = `/v1/core/files/${file_id}/findings`
  const seen: number[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page = (await call(`${url}?limit=60${cursor && `&cursor=${cursor}`}`, own)).json()
    seen.push(...page.findings.map(finding => finding.ordinal))
    cursor = page.next_cursor
  }
  t.same(
    seen,
    Array.from({ length: 250 }, (_, n) => n + 1),
  )
  t.match((await call(`${url}?rule=rule-1&layer=cms&severity=error`, own)).json().findings[0], {
    ordinal: 15,
    rule: 'rule-1',
    layer: 'cms',
    severity: 'error',
    row: 18,
    column: 2,
    cell: 'B15',
    message: 'is wrong',
  })
})

t.test('a file that the caller may not see is not there', async t => {
  const { db, call, own, other } = await core(t)
  for (const status of ['loading', 'rejected', 'failed']) {
    const { file_id } = await seedFile(db.pool, { ...own, status })
    for (const path of ['', '/findings']) {
      t.equal((await call(`/v1/core/files/${file_id}${path}`, own)).statusCode, 200, status)
      const hidden = await call(`/v1/core/files/${file_id}${path}`, other)
      const missing = await call(`/v1/core/files/${file_id + 900}${path}`, other)
      t.equal(hidden.statusCode, 404)
      t.equal(
        hidden.json().detail.replace(String(file_id), 'N'),
        missing.json().detail.replace(String(file_id + 900), 'N'),
      )
    }
  }
  for (const id of ['0', 'x', '99999999999', '1.5'])
    t.equal((await call(`/v1/core/files/${id}`, own)).statusCode, 400, id)
  for (const url of ['/v1/core/files', '/v1/core/files/1', '/v1/core/files/1/findings']) {
    t.equal((await call(url, undefined)).statusCode, 401)
    t.equal((await call(url, { ...own, scopes: ['links:read'] })).statusCode, 403)
  }
})
