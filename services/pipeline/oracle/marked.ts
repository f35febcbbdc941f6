/** Files in which every text and number is a value of its own, so that each can be looked for in what is stored. */
import { csvBase, type Json, type JsonObject, jsonBase, type Sheet, type Template } from './bases.ts'
import { breakHeaders } from './break-csv.ts'
import { addColumns, addMembers, shuffleColumns } from './mix.ts'
import type { Random } from './random.ts'

/** What such values look like. */
export const mark = /^(?:text\d{4,}|\d{4,}\.5)$/

const templates: Template[] = ['2.1', '2.2', '3.0']
const ofNumbers = /gross|cash|\|min|\|max|dollar|percentage$|median|percentile|estimated|unit_of/
const ofWords = /setting|methodology|type$|modifiers|^count|drug_type/

/** Any columns under any headers, as far as a template can be made out. */
export function markedSheet(random: Random): Sheet {
  const layouts = ['tall', 'wide'] as const
  const layout = random.pick(layouts)
  let sheet = csvBase(random.pick(templates), layout)
  if (random.chance(0.5)) sheet = shuffleColumns(sheet, random)
  if (random.chance(0.5)) {
    const other = random.chance(0.7) ? layout : random.pick(layouts)
    sheet = addColumns(sheet, csvBase(random.pick(templates), other), random)
  }
  if (random.chance(0.2)) sheet = addFormerNames(sheet)
  const [names = [], given = [], headers = [], ...rows] = sheet
  const marks = createMarks()
  const marked = [...rows, ...rows].map(row =>
    row.map((cell, column) => {
      const header = (headers[column] ?? '').toLowerCase()
      if (ofWords.test(header) || (cell === '' && random.chance(0.8))) return cell
      return ofNumbers.test(header) ? String(marks.number()) : marks.text()
    }),
  )
  let broken: Sheet = [names, given, headers, ...marked]
  for (let faults = random.below(4); faults > 0; faults--)
    broken = [names, given, breakHeaders(broken, random)[2] ?? [], ...marked]
  return broken
}

/** Columns as template 1.1 calls them, beside those that have another name since. */
function addFormerNames(sheet: Sheet): Sheet {
  const former = (sheet[2] ?? []).flatMap((header, column) => {
    const name = header
      .replace(/negotiated_percentage$/i, 'negotiated_percent')
      .replace(/methodology$/i, 'contracting_method')
    return name === header ? [] : [{ name, column }]
  })
  return sheet.map((row, at) =>
    at < 2 ? row : [...former.map(({ name, column }) => (at === 2 ? name : (row[column] ?? ''))), ...row],
  )
}

const wordKeys =
  /^(?:setting|methodology|type|count|version|last_updated_on|confirm_\w+|attestation|affirmation|state)$/
const newKeys = [
  'extra',
  'unit',
  'count',
  'setting',
  'standard_charge_dollar',
  'standard_charge',
  'standard_charge_percent',
  'contracting_method',
  'billing_code_information',
  'payer_name',
  'modifiers',
  'code',
  'type',
  'gross_charge',
]

/** Keys left out, renamed and added anywhere, and values of any kind in the place of others. */
export function markedDocument(random: Random): JsonObject {
  const marks = createMarks()
  const anything = (): Json =>
    random.pick([
      () => marks.text(),
      () => marks.number(),
      () => ({ extra: marks.text() }),
      () => [marks.text(), marks.number()],
    ])()

  function object(value: JsonObject): JsonObject {
    const members = Object.entries(value).flatMap(([key, child]): [string, Json][] =>
      random.chance(0.04) ? [] : [[random.chance(0.03) ? `${key}x` : key, marked(child, key)]],
    )
    if (random.chance(0.12)) members.push([random.pick(newKeys), anything()])
    return Object.fromEntries(members)
  }

  function marked(value: Json, key: string): Json {
    if (Array.isArray(value)) {
      const list = value.flatMap(child => (random.chance(0.04) ? [] : [marked(child, key)]))
      return random.chance(0.04) ? [...list, anything()] : list
    }
    if (typeof value === 'object' && value !== null) return object(value)
    if (random.chance(0.05)) return anything()
    if (wordKeys.test(key)) return value
    return typeof value === 'number' ? marks.number() : typeof value === 'string' ? marks.text() : value
  }

  const base = jsonBase(random.pick(templates))
  const whole = random.chance(0.3) ? addMembers(base, jsonBase(random.pick(templates)), random) : base
  const items = whole.standard_charge_information as JsonObject[]
  return { ...whole, standard_charge_information: [...items, ...items].map(object) }
}

function createMarks(): { text(): string; number(): number } {
  let next = 1000
  return { text: () => `text${next++}`, number: () => next++ + 0.5 }
}
