/** Valid documents with seeded faults: a value replaced, a key removed, renamed or added, anywhere. */
import type { Json, JsonObject } from './bases.ts'
import type { Random } from './random.ts'

const values: Json[] = [
  null,
  '',
  '',
  ' ',
  'x',
  0,
  -1,
  5,
  12,
  0.5,
  '5',
  '12',
  '0',
  '1 through 10',
  '1 Through 10',
  true,
  false,
  [],
  [1],
  [''],
  {},
  999999999,
  '999999999',
  'other',
  'case rate',
  'Outpatient',
  'both',
  'NDC',
  'CMG',
  'FM',
  'ZZ',
  'ML',
  '2026-02-30',
  '2026-04-01',
  '3.0.0',
  '3.0.1',
  '2.0.0',
  '2.2.1',
  1.5e300,
]
const keys = [
  'estimated_amount',
  'count',
  'setting',
  'additional_payer_notes',
  'drug_information',
  'extra',
  'unit',
  'standard_charge_dollar',
]

type Slot = { holder: JsonObject | Json[]; key: string | number }

/** All places of a value, `most` levels deep. */
function slots(value: Json, found: Slot[] = []): Slot[] {
  if (typeof value !== 'object' || value === null) return found
  const entries: [string | number, Json][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value)
  for (const [key, child] of entries) {
    found.push({ holder: value, key })
    slots(child, found)
  }
  return found
}

/** A copy: what is put into one document may be broken further there. */
const any = (random: Random) => structuredClone(random.pick(values))

/** `faults` times something in `value`, which is changed. */
export function breakValue(value: JsonObject, random: Random, faults: number): void {
  for (; faults > 0; faults--) {
    const places = slots(value)
    if (places.length === 0) return
    const { holder, key } = random.pick(places)
    if (Array.isArray(holder)) {
      if (random.chance(0.3)) holder.splice(Number(key), 1)
      else holder[Number(key)] = any(random)
    } else if (random.chance(0.35)) delete holder[key]
    else if (random.chance(0.2)) holder[random.pick(keys)] = any(random)
    else holder[key] = any(random)
  }
}

/** A document of many broken items and a whole header. */
export function breakItems(base: JsonObject, random: Random, items: number): JsonObject {
  const list = base.standard_charge_information as JsonObject[]
  const broken = Array.from({ length: items }, () => {
    const item = structuredClone(random.pick(list))
    breakValue(item, random, 1 + random.below(3))
    return item
  })
  if (random.chance(0.6)) return { ...base, standard_charge_information: broken }
  const { standard_charge_information: _, ...header } = base
  return amidst(header, broken, random)
}

/** The list of items before, behind or among the keys of the header: what template it is may show late. */
function amidst(header: JsonObject, items: Json, random: Random): JsonObject {
  const members = Object.entries(header)
  members.splice(random.below(members.length + 1), 0, ['standard_charge_information', items])
  return Object.fromEntries(members)
}

/** A document whose header, or modifier_information, is broken. */
export function breakHeader(base: JsonObject, random: Random): JsonObject {
  const { standard_charge_information: items, ...header } = structuredClone(base)
  breakValue(header, random, 1 + random.below(3))
  return amidst(header, items ?? [], random)
}
