/** What a step takes from an earlier one: `${s2.body.data.user[0].id}`, `${(s2.body.resource_version + 1)}`. */

/** Results of steps by their ids: answers, rows, deliveries. */
export type Results = Map<string, unknown>

/** A value with its expressions replaced. Text that is one expression becomes what the expression is. */
export function resolved(value: unknown, results: Results): unknown {
  if (typeof value === 'string') return resolvedText(value, results)
  if (Array.isArray(value)) return value.map(item => resolved(item, results))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item, results)]))
}

const expression = /\$\{((?:[^{}]|\{[^{}]*\})*)\}/g

function resolvedText(text: string, results: Results): unknown {
  const [whole] = text.match(expression) ?? []
  if (whole === undefined) return text
  if (whole === text) return evaluated(text.slice(2, -1), results)
  return text.replace(expression, (_, inner: string) => String(evaluated(inner, results)))
}

function evaluated(text: string, results: Results): unknown {
  const sum = /^\((.+) ([+-]) (\d+)\)$/.exec(text)
  if (sum) return Number(evaluated(sum[1] ?? '', results)) + Number(`${sum[2]}${sum[3]}`)
  const list = /^\((.+) \+ (\[.*\])\)$/s.exec(text)
  if (list) {
    const first = evaluated(list[1] ?? '', results)
    return [...(Array.isArray(first) ? first : []), ...JSON.parse((list[2] ?? '').replaceAll("'", '"'))]
  }
  const [id = '', ...path] = text.match(/[^.[\]]+/g) ?? []
  return path.reduce(below, results.get(id))
}

function below(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const found = Object.entries(value).find(([name]) => name === key)
  // Header names have no case.
  return (found ?? Object.entries(value).find(([name]) => name.toLowerCase() === key.toLowerCase()))?.[1]
}
