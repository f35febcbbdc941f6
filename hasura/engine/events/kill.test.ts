/** What at-least-once means when the process that delivers is killed, and not asked. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createTestDatabase } from '@glimmr/dev/testing'
import { type Test, test } from 'tap'
import { startWebhook } from '../webhook/test-webhook.ts'

const script = fileURLToPath(new URL('./test-process.ts', import.meta.url))

/** A webhook that answers as `mode` says; what it holds is never answered. */
async function createHook(t: Test) {
  const hook = { answers: Number.POSITIVE_INFINITY, held: 0, answered: [] as string[], url: '' }
  const open = new Set<ServerResponse>()
  hook.url = await startWebhook(t, (body, _request, response) => {
    if (hook.answered.length >= hook.answers) {
      hook.held += 1
      open.add(response)
      return
    }
    hook.answered.push(JSON.parse(body).id)
    response.writeHead(204).end()
  })
  return hook
}

async function setUp(t: Test) {
  const hook = await createHook(t)
  const { pool, url } = await createTestDatabase(t)
  await pool.query('create table note (id int primary key)')
  const trigger = {
    name: 'note_all',
    definition: { insert: { columns: '*' } },
    retry_conf: { num_retries: 0, interval_sec: 10, timeout_sec: 60 },
    webhook: hook.url,
  }
  const sources = [{ name: 'default', tables: [{ table: 'note', event_triggers: [trigger] }] }]
  const start = async (leaseSeconds: number) => {
    const child = spawn(process.execPath, [script, url, JSON.stringify({ sources }), String(leaseSeconds)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    return child
  }
  const insert = (from: number, to: number) =>
    pool.query('insert into note select generate_series($1::int, $2::int)', [from, to])
  const count = async (where: string) => {
    const { rows } = await pool.query(
      `select count(*)::int as count from hdb_catalog.event_log where ${where}`,
    )
    return Number(rows[0].count)
  }
  return { hook, pool, start, insert, count }
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 25_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it did not happen in 25 s')
    await turn()
  }
}

test('a process killed in the middle of its deliveries loses no event, and what it held is delivered by the next', async t => {
  const { hook, pool, start, insert, count } = await setUp(t)
  hook.answers = 30
  const first = await start(600)
  await insert(1, 200)
  await until(() => hook.held >= 15)
  await killed(first)
  const held = await count('locked is not null and not delivered')
  t.ok(held >= 15, `${held} events were locked by the process that is gone`)
  await insert(201, 300)

  hook.answers = Number.POSITIVE_INFINITY
  const second = await start(600)
  await until(async () => (await count('delivered')) === 300 - held)
  t.equal(await count('locked is not null'), held, 'a lock that may still be held is left alone')
  await killed(second)

  const third = await start(1)
  await until(async () => (await count('not delivered')) === 0)
  await killed(third)
  const { rows } = await pool.query('select id, error from hdb_catalog.event_log')
  t.equal(rows.length, 300, 'each change is an event')
  t.notOk(rows.some(({ error }) => error))
  const answered = new Set(hook.answered)
  t.same(
    rows.filter(({ id }) => !answered.has(id)),
    [],
    'each event was answered by the webhook at least once',
  )
})

test('killed again and again, every event arrives', async t => {
  const { hook, start, insert, count } = await setUp(t)
  await killed(await start(600))
  await insert(1, 240)
  for (let round = 1; round <= 3; round++) {
    const reached = round * 40
    const child = await start(1)
    await until(() => hook.answered.length >= reached)
    await killed(child)
  }
  const last = await start(1)
  await until(async () => (await count('not delivered')) === 0)
  await killed(last)
  t.equal(new Set(hook.answered).size, 240)
})
