/** The kinds of value in Traefik's files, as its own reader takes them: numbers and booleans may be quoted. */
import { z } from 'zod'

const unitMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Go's time.ParseDuration in milliseconds: `1m30s`, `100ms`, `1.5h`; undefined when it is none. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text)
  if (!match) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g))
    total += Number(amount) * (unitMs[String(unit)] ?? Number.NaN)
  return text.startsWith('-') ? -total : total
}

/** A duration in milliseconds. A bare number means seconds, as in Traefik. */
export const durationMs = z
  .union([z.number(), z.string()], { error: 'a duration is expected' })
  .transform((value, context) => {
    const bare = typeof value === 'number' ? value : /^\d+$/.test(value) ? Number(value) : undefined
    const ms = bare === undefined ? parseDurationMs(String(value)) : bare * 1000
    if (ms !== undefined && ms >= 0) return ms
    context.addIssue({ code: 'custom', message: `"${value}" is no duration, such as 10s or 1m30s` })
    return z.NEVER
  })

export const integer = z.union(
  [
    z.int(),
    z
      .string()
      .regex(/^-?\d+$/)
      .transform(Number),
  ],
  {
    error: 'a whole number is expected',
  },
)
export const count = integer.refine(value => value >= 0, 'must not be negative')

export const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform(text => text === 'true')], {
  error: 'true or false is expected',
})

/** YAML reads 8080 or true as they look; Traefik takes them as text where text is meant. */
export const text = z.union([z.string(), z.number().transform(String), z.boolean().transform(String)], {
  error: 'text is expected',
})
export const texts = z.array(text)
export const textMap = z.record(z.string(), text)

/**
 * The value of a header as it goes over the wire: Traefik sends the file's own bytes, which is UTF-8. Here every character is one
 * byte. Of an answer Go makes line ends spaces, in a request it refuses them, with every request anew.
 */
const headerText = (answer: boolean) =>
  text.transform((value, context) => {
    const line = answer ? value.replace(/[\r\n]/g, ' ').trim() : value
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be in it.
    if (!/[\0-\x08\x0a-\x1f\x7f]/.test(line)) return Buffer.from(line).toString('latin1')
    context.addIssue({ code: 'custom', message: 'a header has no control characters' })
    return z.NEVER
  })
const headerName = z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'is no name of a header')

export const answerHeader = headerText(true)
export const answerHeaders = z.record(headerName, answerHeader)
export const requestHeaders = z.record(headerName, headerText(false))

/** Status codes and ranges: `['500-599', '429']` → a test. */
export type StatusTest = (status: number) => boolean

export const statusRanges = z.array(text).transform((ranges, context): StatusTest => {
  const bounds: [number, number][] = []
  ranges.forEach((range, index) => {
    const match = /^(\d{3})(?:-(\d{3}))?$/.exec(range.trim())
    if (match) bounds.push([Number(match[1]), Number(match[2] ?? match[1])])
    else
      context.addIssue({
        code: 'custom',
        path: [index],
        message: `"${range}" is no status or range, such as 404 or 500-599`,
      })
  })
  return status => bounds.some(([low, high]) => status >= low && status <= high)
})
