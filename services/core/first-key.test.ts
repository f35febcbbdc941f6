import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createTestDatabase } from '@glimmr/dev/testing'
import { createApiKey } from '@glimmr/lib/api-keys'
import t from 'tap'
import { isGoodKey } from './api-keys/issue-key.ts'

const run = promisify(execFile)
const command = fileURLToPath(new URL('first-key.ts', import.meta.url))

t.test('an installation without keys gets its first one, and a second for the same organisation', async t => {
  const db = await createTestDatabase(t)
  const env = { ...process.env, DATABASE_URL: db.urlFor('glimmr_core') }
  const first = (await run(process.execPath, [command, '--organisation', 'General'], { env })).stdout.trim()
  const second = (
    await run(process.execPath, [command, '--organisation', 'General', '--role', 'uploader'], { env })
  ).stdout.trim()
  t.equal(await isGoodKey(db.pool, first), true)
  t.equal(await isGoodKey(db.pool, second), true)
  t.equal(await isGoodKey(db.pool, createApiKey({ roles: ['admin'] }).key), false)
  const { rows } = await db.pool.query(
    'select o.name, k.roles from core.api_keys k join core.organisations o on o.id = k.organisation_id order by 2',
  )
  t.same(rows, [
    { name: 'General', roles: ['admin', 'operator'] },
    { name: 'General', roles: ['uploader'] },
  ])
  await t.rejects(run(process.execPath, [command, '--organisation', 'General', '--role', 'king'], { env }), {
    code: 2,
  })
})
