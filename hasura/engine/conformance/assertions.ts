/** What a scenario remembers of its steps, and what it asserts about them. */
import { isDeepStrictEqual } from 'node:util'

/** Step id → what came of it: `{status, body}` of a request, a frame of a socket, a boolean. */
export type Results = Map<string, unknown>

export type Assertion = { op?: string; left?: unknown; right?: unknown; src?: string }

/** Undefined when it holds. What the recording could not express (`const-true` and so on) is not asserted. */
export function failedAssertion({ op, left, right, src }: Assertion, results: Results): string | undefined {
  if (op !== 'eq') return undefined
  const got = resolved(left, results)
  const wanted = resolved(right, results)
  if (isDeepStrictEqual(got, wanted)) return undefined
  return `assert ${src ?? ''}\n  wanted ${JSON.stringify(wanted)}\n  got    ${JSON.stringify(got)}`
}

/** `${s5.body.data.x[0]}` is looked up; everything else is itself. */
function resolved(value: unknown, results: Results): unknown {
  const path = typeof value === 'string' ? /^\$\{([^}]+)\}$/.exec(value)?.[1] : undefined
  if (path === undefined) return value
  const [step = '', ...keys] = path.split(/[.[\]]+/).filter(key => key !== '')
  return keys.reduce<unknown>((at, key) => {
    const known = typeof at === 'object' && at !== null && key in at
    return known ? (at as Record<string, unknown>)[key] : undefined
  }, results.get(step))
}
