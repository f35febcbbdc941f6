import { chmod, mkdir, mkdtemp, realpath, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { startPostgres } from './postgres.ts'
import { alive, runningPostmaster, stopPostmaster } from './postgres-process.ts'

const settings = { fsync: 'off' }

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

async function folder(t: Tap, mode: number): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'glimmr postgres '))
  await chmod(path, mode)
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}
type Tap = { teardown(handler: () => unknown): void }

t.test(
  'data outlive a stop, a kill of the server and a start beside a server that was left behind',
  async t => {
    const dataDir = join(await folder(t, 0o755), 'with spaces', 'postgres')
    const first = await startPostgres({ dataDir, settings })
    t.teardown(() => first.stop())
    await query(first.url('postgres'), 'create table kept (n int); insert into kept values (1)')
    await first.stop()
    t.notOk(alive(first.pid))

    const second = await startPostgres({ dataDir, settings })
    t.teardown(() => second.stop())
    await query(second.url('postgres'), 'insert into kept values (2)')
    process.kill(second.pid, 'SIGKILL')
    await stopPostmaster(second.pid)

    const third = await startPostgres({ dataDir, settings })
    t.teardown(() => third.stop())
    t.same(await query(third.url('postgres'), 'select n from kept order by n'), [{ n: 1 }, { n: 2 }])
    t.equal(runningPostmaster(dataDir), third.pid)

    const said: string[] = []
    const fourth = await startPostgres({ dataDir, settings, log: message => said.push(message) })
    t.teardown(() => fourth.stop())
    t.match(said.join(), new RegExp(`stopping the PostgreSQL \\(process ${third.pid}\\)`))
    t.notOk(alive(third.pid))
    t.same(await query(fourth.url('postgres'), 'select count(*)::int as n from kept'), [{ n: 2 }])
  },
)

t.test('nobody but its account reaches the socket, and there is no port', async t => {
  const dataDir = join(await folder(t, 0o755), 'postgres')
  const server = await startPostgres({ dataDir, settings })
  t.teardown(() => server.stop())
  t.equal((await stat(server.socketDir)).mode & 0o777, 0o700)
  t.ok(server.socketDir.length < 80, 'a socket path has 104 bytes at most')
  t.same(await query(server.url('postgres'), 'show listen_addresses'), [{ listen_addresses: '' }])
})

const rootOnly = {
  skip: process.getuid?.() === 0 ? false : 'only root has such folders, and this is not root',
}
t.test('it runs for root below a folder that only root may enter', rootOnly, async t => {
  const closed = await folder(t, 0o700)
  const dataDir = join(closed, 'data', 'postgres')
  const server = await startPostgres({ dataDir, settings })
  t.teardown(() => server.stop())
  t.same(await query(server.url('postgres'), 'select 1 as n'), [{ n: 1 }])
  t.ok((await stat(dataDir)).isDirectory(), 'a link stands where the data were wanted')
  await server.stop()
  const again = await startPostgres({ dataDir, settings })
  t.teardown(() => again.stop())
  t.same(await query(again.url('postgres'), 'select 1 as n'), [{ n: 1 }])
  await again.stop()
  const place = await realpath(dataDir)
  t.match(place, /^\/var\/lib\/glimmr\//)
  await rm(place, { recursive: true })
  await rm(`${place}.log`)
})

t.test('a folder that was half made by a killed start is made anew', async t => {
  const dataDir = join(await folder(t, 0o755), 'postgres')
  await mkdir(join(dataDir, 'global'), { recursive: true })
  const server = await startPostgres({ dataDir, settings })
  t.teardown(() => server.stop())
  t.same(await query(server.url('postgres'), 'select 1 as n'), [{ n: 1 }])
})

t.test('why it did not start is said in its own words', async t => {
  const dataDir = join(await folder(t, 0o755), 'postgres')
  await t.rejects(startPostgres({ dataDir, settings: { shared_buffers: 'much' } }), {
    message: /invalid value for parameter "shared_buffers"/,
  })
})
