/** One element of standard_charge_information: an item, its codes, its charges and their rates. */
import type { Rows } from '../load/rows.ts'
import { kind } from '../scan/json-tape.ts'
import { createJsonCharges } from './json-charge.ts'
import { createJsonExtras } from './json-extras.ts'
import { createJsonRates, type JsonHints } from './json-rates.ts'
import type { JsonRow } from './json-row.ts'
import { codeKey, codeKeys, column, drugKey, drugKeys, itemColumns, itemKey, itemKeys } from './json-shape.ts'

export type JsonItems = {
  /** Loads the element in `row.tape`; false when it leaves nothing to load. */
  load(): boolean
  readonly hints: JsonHints
}

/** Published items have up to four. */
const mostCodes = 1000

/** `surely30`: whether the header has settled that it is a file of template 3.0. */
export function createJsonItems(row: JsonRow, rows: Rows, surely30: () => boolean): JsonItems {
  const { tape } = row
  const hints: JsonHints = { v11: false, v22: false, v30: false }
  const item = new Int32Array(itemKeys.size)
  const code = new Int32Array(codeKeys.size)
  const drug = new Int32Array(drugKeys.size)
  const extras = createJsonExtras(row)
  const { keep } = extras
  const rates = createJsonRates({ row, rows, extras, hints })
  const charges = createJsonCharges({ row, rows, extras, rates })
  const isString = (token: number) => token !== 0 && tape.kinds[token] === kind.string

  function loadDrug(): void {
    const token = item[itemKey.drug] ?? 0
    if (token === 0) return
    if (tape.text(token - 1) === 'drug_information') hints.v22 = true
    if (tape.kinds[token] !== kind.object) {
      const fill = { name: 'drug_information', type: 'an object' }
      row.find('valueTypeOf22', '/drug_information', token, fill)
      keep(token - 1, true)
      return
    }
    row.members(token, drugKeys, drug, '/drug_information', keep)
    const unit = drug[drugKey.unit] ?? 0
    const type = drug[drugKey.type] ?? 0
    if (unit === 0) row.find('drugUnit', '/drug_information/unit')
    if (row.numberOrText(column.drugUnit, unit, '/drug_information/unit') < 0) keep(unit - 1, true)
    row.string(column.drugType, type, '/drug_information/type')
    const word = rows.words.drugTypes.find(row, column.drugType)
    if (type === 0 || (isString(type) && !row.spells(word, column.drugType, type)))
      row.find('drugType', '/drug_information/type', type || -1)
  }

  /** Checks the codes; returns whether one of them is of type NDC. */
  function checkCodes(): boolean {
    const list = item[itemKey.codes] ?? 0
    if (list === 0 || (tape.kinds[list] === kind.array && tape.after[list] === list + 1)) {
      row.find('codeMissing', '/code_information')
      return false
    }
    if (tape.text(list - 1) === 'billing_code_information') hints.v11 = true
    const fill = { name: 'code_information', type: 'a list' }
    if (tape.kinds[list] !== kind.array) {
      row.find('valueType', '/code_information', list, fill)
      keep(list - 1, true)
    }
    let ndc = false
    const tooMany = (pointer: string) => row.find('codesTooMany', pointer)
    for (const [pointer, entry] of codesOf(list, tooMany)) if (checkCode(pointer, entry)) ndc = true
    return ndc
  }

  function* codesOf(list: number, tooMany?: (pointer: string) => void): Generator<[string, number]> {
    if (list === 0 || tape.kinds[list] !== kind.array) return
    const end = tape.after[list] ?? 0
    let ordinal = 0
    for (let entry = list + 1; entry < end; entry = tape.after[entry] ?? end) {
      const pointer = `/code_information/${ordinal}`
      if (ordinal++ < mostCodes) yield [pointer, entry]
      else return tooMany?.(pointer)
    }
  }

  function checkCode(pointer: string, entry: number): boolean {
    if (tape.kinds[entry] !== kind.object) {
      row.find('valueType', pointer, entry, { name: 'code_information', type: 'an object' })
      extras.keepValue('code_information', entry, true)
      return false
    }
    row.clear(column.code, column.type + 1)
    row.members(entry, codeKeys, code, pointer, keep)
    const type = code[codeKey.type] ?? 0
    if ((code[codeKey.code] ?? 0) === 0) row.find('typeWithoutCode', `${pointer}/code`)
    if (type === 0) row.find('codeWithoutType', `${pointer}/type`)
    const written = row.string(column.code, code[codeKey.code] ?? 0, `${pointer}/code`, 'valueEmpty')
    // Codes have a table; a type without one has none.
    if (row.string(column.type, type, `${pointer}/type`) && !written) keep(type - 1, true)
    if (!isString(type)) return false
    const word = rows.words.codeTypes.find(row, column.type)
    const exact = row.spells(word, column.type, type)
    if (!exact) row.find('codeType', `${pointer}/type`, type)
    else if (word.text === 'CMG' || word.text === 'MS-LTC-DRG')
      row.find('codeTypeTooNew', `${pointer}/type`, type)
    return exact && word.text === 'NDC'
  }

  function writeCodes(itemId: number): void {
    let ordinal = 0
    for (const [, entry] of codesOf(item[itemKey.codes] ?? 0)) {
      ordinal++
      if (tape.kinds[entry] !== kind.object) continue
      row.clear(column.code, column.type + 1)
      row.members(entry, codeKeys, code, undefined, () => {})
      row.point(column.code, code[codeKey.code] ?? 0)
      row.point(column.type, code[codeKey.type] ?? 0)
      if (row.filled(column.code))
        rows.code(row, itemId, ordinal, column.code, rows.words.codeTypes.find(row, column.type))
    }
  }

  /** Elements of a list that are none of its kind: kept before the item is written. */
  function keepNoObjects(name: string, list: number): void {
    const end = tape.after[list] ?? 0
    for (let entry = list + 1; entry < end; entry = tape.after[entry] ?? end)
      if (tape.kinds[entry] !== kind.object) extras.keepValue(name, entry, true)
  }

  function loadCharges(itemId: number, list: number): void {
    let index = 0
    const end = tape.after[list] ?? 0
    for (let entry = list + 1; entry < end; entry = tape.after[entry] ?? end) {
      const pointer = `/standard_charges/${index++}`
      if (tape.kinds[entry] === kind.object) charges.load(itemId, entry, pointer)
      else row.find('valueType', pointer, entry, { name: String(index - 1), type: 'an object' })
    }
  }

  /** The list of charges, 0 when there is none that could be loaded. */
  function chargeList(): number {
    const list = item[itemKey.charges] ?? 0
    const name = 'standard_charges'
    if (list === 0) row.find('keyMissing', `/${name}`, -1, { name })
    else if (tape.kinds[list] !== kind.array)
      row.find('valueType', `/${name}`, list, { name, type: 'a list' })
    else if (tape.after[list] === list + 1) row.find('valueEmpty', `/${name}`, -1, { name })
    else return list
    return 0
  }

  return {
    hints,
    load() {
      if (surely30()) rates.is30()
      extras.clear()
      row.clear(0, column.none + 1)
      row.members(0, itemKeys, item, '', keep)
      const description = item[itemKey.description] ?? 0
      if (description === 0) row.find('descriptionMissing', '/description')
      row.string(column.description, description, '/description', 'valueEmpty')
      loadDrug()
      const ndc = checkCodes()
      if (ndc && (item[itemKey.drug] ?? 0) === 0) row.find('drugForNdc', '/drug_information')
      const list = chargeList()
      if (list === 0) return false
      keepNoObjects('standard_charges', list)
      const itemId = rows.startItem(row, itemColumns, extras.take(''))
      writeCodes(itemId)
      loadCharges(itemId, list)
      rows.endItem(row.offset + row.length)
      return true
    },
  }
}
