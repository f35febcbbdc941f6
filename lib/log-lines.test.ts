import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
