import { type LoggerOptions, pino } from 'pino'
import t from 'tap'
import { createLogLines } from './log-lines.ts'
import { createRequestLines } from './request-lines.ts'

/** The same line by the logger and by what stands in for it. */
function bothWays(options: LoggerOptions, fields: Record<string, unknown>): string[] {
  const lines: string[] = []
  const log = pino(options, { write: line => void lines.push(line.replace(/"time":\d+/i, '"time":0')) })
  const child = log.child({ service: 'core' })
  child.info(fields, 'request')
  const { tls, ...others } = fields
  createRequestLines(child, 'request')(others, JSON.stringify({ tls }))
  return lines
}

const hostile = {
  path: '/"\\\n\u0000\u2028é\ud800',
  status: 200,
  ms: Number.NaN,
  gone: undefined,
  __proto__: null,
  tls: true,
}

t.test('a line is the one that the logger writes, byte for byte', t => {
  const plain: [string, LoggerOptions][] = [
    ['as it comes', {}],
    ['levels as words', { formatters: { level: label => ({ level: label }) } }],
    ['without time and process', { timestamp: false, base: null }],
    ['another time', { timestamp: () => ',"at":"now"' }],
    ['another key for the message', { messageKey: 'message' }],
    ['a quiet one', { level: 'warn' }],
  ]
  for (const [name, options] of plain)
    for (const fields of [hostile, {}]) {
      const lines = bothWays(options, fields)
      t.equal(lines.length, options.level === 'warn' ? 0 : 2, name)
      t.equal(lines[1], lines[0], name)
    }
  t.end()
})

t.test('what a logger does to its lines it does to these', t => {
  const doings: [string, LoggerOptions][] = [
    ['redacts', { redact: ['path'] }],
    ['redacts what is not there yet', { redact: ['*.secret'] }],
    ['nests', { nestedKey: 'fields' }],
    ['adds', { mixin: () => ({ more: 1 }) }],
    ['serializes', { serializers: { path: () => 'short' } }],
    ['forms', { formatters: { log: () => ({ other: 1 }) } }],
    ['prefixes', { msgPrefix: '> ' }],
    ['hooks', { hooks: { streamWrite: line => line.toUpperCase() } }],
  ]
  for (const [name, options] of doings) {
    const [before, after] = bothWays(options, hostile)
    t.ok(before, name)
    t.equal(after, before, name)
  }
  const told: object[] = []
  createRequestLines({ info: (fields, message) => told.push([fields, message]) }, 'request')(hostile)
  t.same(told, [[hostile, 'request']], 'whatever has an info() will do')
  t.end()
})

t.test('a stream that wants to know what it is given is told', t => {
  const stream = Object.assign(createLogLines({ dest: '/dev/null' }), { lastMsg: '', lastTime: '' })
  const log = pino({ timestamp: () => ',"time":7' }, stream)
  log.warn('before')
  createRequestLines(log, 'request')({ status: 200 })
  t.match(stream, { lastLevel: 30, lastMsg: 'request', lastTime: '7' })
  t.end()
})
