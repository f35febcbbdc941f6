/**
 * The log line of each request. pino builds a line from a piece for every field, and the pieces cost more to join than the
 * request's answer; V8's JSON.stringify makes the same text at once. Where the logger would do anything else with a line
 * (redact, rename, add, nest), it is left to do it.
 */
import { pino } from 'pino'

type Log = { info(fields: object, message: string): void }
type Fields = Readonly<Record<string, unknown>>
/** What pino's own `write` works with; its symbols are public (`pino.symbols`), what stands behind them is checked here. */
type Inside = Record<symbol, unknown> & {
  level: string
  msgPrefix: string | undefined
  isLevelEnabled(level: string): boolean
}
type Stream = { write(line: string): void } & Record<symbol | string, unknown>

const info = 30
const { symbols } = pino

/**
 * Writes what `log.info(fields, message)` writes, byte for byte. Values are texts, numbers, booleans or undefined (which
 * is left out). `more` is further fields as JSON, for what is the same in many lines and need not be made for each.
 */
export function createRequestLines(log: Log, message: string): (fields: Fields, more?: string) => void {
  if (!isPlain(log)) return (fields, more = '{}') => log.info({ ...fields, ...JSON.parse(more) }, message)
  const opening = `${(log[symbols.lsCacheSym] as Record<number, string>)[info]}`
  const bindings = String(log[symbols.chindingsSym])
  const end = `,${JSON.stringify(log[symbols.messageKeySym])}:${JSON.stringify(message)}}\n`
  const time = log[symbols.timeSym] as () => string
  const stream = log[symbols.streamSym] as Stream
  const hasMetadata = stream[symbols.needsMetadataGsym] === true
  return (fields, more = '{}') => {
    if (!log.isLevelEnabled('info')) return
    const now = time()
    if (hasMetadata) tellStream(stream, { fields, message, now, log })
    stream.write(opening + now + bindings + inner(JSON.stringify(fields)) + inner(more) + end)
  }
}

function inner(json: string): string {
  return json === '{}' ? '' : `,${json.slice(1, -1)}`
}

/** As pino does for streams that ask for it. */
function tellStream(
  stream: Stream,
  { fields, message, now, log }: { fields: Fields; message: string; now: string; log: Inside },
): void {
  stream.lastLevel = info
  stream.lastObj = fields
  stream.lastMsg = message
  stream.lastTime = now.slice(Number(log[symbols.timeSliceIndexSym]))
  stream.lastLogger = log
}

/** Whether a line is the level, the time, the bindings, the fields and the message, and nothing else. */
function isPlain(log: object): log is Inside {
  const inside = log as Inside
  const parts = [symbols.lsCacheSym, symbols.timeSym, symbols.streamSym, symbols.stringifiersSym]
  if (typeof inside.isLevelEnabled !== 'function' || parts.some(part => !inside[part])) return false
  const formatters = inside[symbols.formattersSym] as { log?: unknown }
  const hooks = inside[symbols.hooksSym] as { logMethod?: unknown; streamWrite?: unknown }
  const serialized = Object.keys(inside[symbols.serializersSym] as object)
  return (
    formatters.log === undefined &&
    hooks.logMethod === undefined &&
    hooks.streamWrite === undefined &&
    inside[symbols.mixinSym] === undefined &&
    !inside[symbols.nestedKeySym] &&
    !inside.msgPrefix &&
    inside[symbols.endSym] === '}\n' &&
    // Redaction; serializers are for errors, and for Fastify's requests and answers, which are no fields of these lines.
    Reflect.ownKeys(inside[symbols.stringifiersSym] as object).length === 0 &&
    serialized.every(name => ['err', 'req', 'res'].includes(name))
  )
}
