/** Files of two templates at once, with their columns or keys in another order, and texts with a byte too many or too few. */
import type { JsonObject, Sheet } from './bases.ts'
import type { Random } from './random.ts'

/** The columns of rows 1 and 2, and those from row 3 on, each in another order. */
export function shuffleColumns([names = [], given = [], ...rows]: Sheet, random: Random): Sheet {
  const general = shuffled(names.keys(), random)
  const columns = shuffled((rows[0] ?? []).keys(), random)
  const inOrder = (order: number[]) => (row: string[]) => order.map(at => row[at] ?? '')
  return [...[names, given].map(inOrder(general)), ...rows.map(inOrder(columns))]
}

function shuffled(numbers: Iterable<number>, random: Random): number[] {
  const order = [...numbers]
  for (let at = order.length - 1; at > 0; at--) {
    const other = random.below(at + 1)
    const [one = 0, two = 0] = [order[at], order[other]]
    order[at] = two
    order[other] = one
  }
  return order
}

/** Some columns that only `other` has, with some of its values: hospitals keep old columns when a template takes them away. */
export function addColumns(
  [names = [], given = [], headers = [], ...rows]: Sheet,
  other: Sheet,
  random: Random,
): Sheet {
  const [, , theirs = [], ...values] = other
  const more = theirs.flatMap((header, at) => (!headers.includes(header) && random.chance(0.3) ? [at] : []))
  const added = rows.map(row => {
    const from = random.pick(values)
    return [...row, ...more.map(at => (random.chance(0.5) ? (from[at] ?? '') : ''))]
  })
  return [names, given, [...headers, ...more.map(at => theirs[at] ?? '')], ...added]
}

/** Some members of `other`, in the place of its own or beside them. */
export function addMembers(document: JsonObject, other: JsonObject, random: Random): JsonObject {
  return { ...document, ...Object.fromEntries(Object.entries(other).filter(() => random.chance(0.2))) }
}

const csvBytes = [
  '"',
  '"',
  '""',
  ',',
  '\n',
  '\r',
  ' ',
  '\t',
  ';',
  '',
  '',
  "'",
  '\0',
  '\x1f',
  '\\',
  '"\n',
  ',"',
  '",',
  '\r\r\n',
]
const jsonBytes = [
  '"',
  ',',
  '}',
  '{',
  '[',
  ']',
  ':',
  ' ',
  '\n',
  '',
  '',
  '\\',
  '0',
  '-',
  'e',
  '.',
  'null',
  '"a":1,',
  'é',
  '\ufeff',
]

/** Up to three characters put in, replaced or taken out, anywhere. */
export function breakBytes(text: string, layout: 'csv' | 'json', random: Random): string {
  let broken = text
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(broken.length)
    const put = random.pick(layout === 'csv' ? csvBytes : jsonBytes)
    broken = broken.slice(0, at) + put + broken.slice(at + (random.chance(0.5) ? 1 : 0))
  }
  return broken
}
