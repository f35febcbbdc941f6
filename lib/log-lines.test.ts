import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import t from 'tap'
import { createLogLines } from './log-lines.ts'

t.test('lines wait for each other; a warning takes all before it along', t => {
  const folder = mkdtempSync(join(tmpdir(), 'glimmr-log-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const dest = join(folder, 'log')
  const lines = createLogLines({ dest, mode: 0o600 })
  const log = pino({ base: null, timestamp: false }, lines)
  const written = () => readFileSync(dest, 'utf8').trimEnd().split('\n')
  log.info('one')
  log.child({ request_id: 'r' }).info('two')
  t.same(written(), [''])
  log.warn('three')
  t.equal(written().length, 3)
  t.same(JSON.parse(String(written()[1])), { level: 30, request_id: 'r', msg: 'two' })
  log.info('four')
  lines.flush()
  t.equal(written().length, 4)
  for (let line = 0; line < 1000; line++) log.info('x'.repeat(100))
  t.ok(written().length > 700, 'a batch is bounded')
  t.end()
})

t.test('nothing is lost when the process ends, in whichever way', t => {
  const run = (end: string) => {
    const code = `
      import { pino } from 'pino'
      import { createLogLines } from ${JSON.stringify(new URL('log-lines.ts', import.meta.url).href)}
      pino({}, createLogLines()).info('the last words')
      ${end}`
    return spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    }).stdout
  }
  for (const end of ['', 'process.exit(1)', 'throw new Error()', 'setTimeout(() => {}, 100)'])
    t.match(run(end), 'the last words')
  t.end()
})

/** A process of its own with `log`, whose lines go to its standard output. */
function logging(code: string) {
  const file = JSON.stringify(new URL('log-lines.ts', import.meta.url).href)
  const opening = `
    import { pino } from 'pino'
    import { createLogLines } from ${file}
    const log = pino({ base: null, timestamp: false }, createLogLines())`
  return spawn(process.execPath, ['--input-type=module', '-e', `${opening}\n${code}`], {
    cwd: import.meta.dirname,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

t.test('a reader that is slow gets every line, whole', async t => {
  // What process.stdout touches no longer blocks; a mebibyte is more than any pipe holds.
  const child = logging(`
    process.stdout
    process.stderr.write('ready')
    for (let line = 0; line < 10_000; line++) log.info('größer … '.repeat(12))`)
  await once(child.stderr, 'data')
  const lines = (await text(child.stdout)).trimEnd().split('\n')
  t.equal(lines.length, 10_000)
  t.ok(lines.every(line => line === JSON.stringify({ level: 30, msg: 'größer … '.repeat(12) })))
})

t.test('a log that nobody reads any more, or a full disk, stops no service', async t => {
  const child = logging(`
    process.stdin.once('data', () => {
      for (let line = 0; line < 1000; line++) log.error('x'.repeat(1000))
      process.exit(7)
    })
    process.stderr.write('ready')`)
  await once(child.stderr, 'data')
  child.stdout.destroy()
  child.stdin.write('go')
  const [code] = await once(child, 'exit')
  t.equal(code, 7)
  const full = '/dev/full'
  if (!existsSync(full)) return t.comment('skipped: there is no /dev/full here')
  const lines = createLogLines({ dest: full })
  t.doesNotThrow(() => pino({}, lines).error('no room for this'))
})

t.test('a line longer than a batch is written whole', t => {
  const folder = mkdtempSync(join(tmpdir(), 'glimmr-log-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const dest = join(folder, 'log')
  const lines = createLogLines({ dest })
  for (const size of [43_000, 44_000, 200_000]) lines.write(`${'…'.repeat(size)}\n`)
  lines.flush()
  t.same(
    readFileSync(dest, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => line.length),
    [43_000, 44_000, 200_000],
  )
  t.end()
})
