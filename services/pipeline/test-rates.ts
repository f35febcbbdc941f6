/** The rates in the rows of prices.rate_blocks that a test reads out of the COPY buffers, as the view prices.rates shows them. */
import { lists } from '@glimmr/dev/rate-blocks'

type Row = Record<string, string | null>

export function ratesOf(blocks: Row[]): Row[] {
  return blocks.flatMap(ratesOfBlock)
}

function ratesOfBlock(block: Row): Row[] {
  const plans = elements(block.plan_ids)
  const columns = Object.entries(lists).map(
    ([name, column]) => [name, (name === 'count' ? elements : values)(block[column])] as const,
  )
  const methodologies = elements(block.methodologies)
  const places = block.methodology_of === null ? plans.map(() => '1') : values(block.methodology_of)
  const offsets = values(block.row_offsets)
  const extras: unknown[] = JSON.parse(block.extras ?? '[]')
  for (const [name, found] of [...columns, ['methodology_of', places], ['row_offsets', offsets]] as const)
    if (found.length > plans.length)
      throw new Error(`${found.length} values of ${name} for ${plans.length} rates`)
  return plans.map((plan, at) => {
    const place = places[at]
    return {
      id: String(Number(block.first_id) + at),
      charge_id: block.charge_id ?? null,
      file_id: block.file_id ?? null,
      row_number: String(Number(block.row_number) + Number(offsets[at] ?? at * Number(block.row_step))),
      plan_id: plan,
      ...Object.fromEntries(columns.map(([name, found]) => [name, found[at] ?? null])),
      methodology: place ? (methodologies[Number(place) - 1] ?? null) : null,
      extra: extras[at] == null ? null : JSON.stringify(extras[at]),
    }
  })
}

/** Of a list: `1.50,,2`. None of null. */
export function values(list: string | null | undefined): (string | null)[] {
  return list == null ? [] : list.split(',').map(value => value || null)
}

/** Of an array of one dimension, as text: `{1,NULL,"a \"quoted\" one"}`. None of null. */
export function elements(array: string | null | undefined): (string | null)[] {
  if (array == null) return []
  if (!/^\{.+\}$/s.test(array)) throw new Error(`not an array: ${array}`)
  const found: (string | null)[] = []
  const element = /"((?:[^"\\]|\\.)*)"(?:,|$)|([^",{}\\]+)(?:,|$)/gsy
  const text = array.slice(1, -1)
  while (element.lastIndex < text.length) {
    const [, quoted, bare] = element.exec(text) ?? []
    if (quoted === undefined && bare === undefined) throw new Error(`not an array: ${array}`)
    found.push(quoted?.replaceAll(/\\(.)/gs, '$1') ?? (bare === 'NULL' ? null : (bare ?? null)))
  }
  return found
}
