/** A JSON in the CMS template: one object, its rows in standard_charge_information, its header in any order around them. */
import { isUtf8 } from 'node:buffer'
import type { Kernel } from '../kernel/kernel.ts'
import { checkGeneral, emptyGeneral } from '../layout/general.ts'
import {
  checkJsonGeneral,
  isSurely30,
  jsonVersion,
  type Members,
  readJsonGeneral,
} from '../layout/json-general.ts'
import type { Rows } from '../load/rows.ts'
import { createJsonItems } from '../normalise/json-item.ts'
import { createJsonModifiers } from '../normalise/json-modifiers.ts'
import { JsonRow } from '../normalise/json-row.ts'
import { keySpellings } from '../normalise/json-shape.ts'
import { createRepeats } from '../normalise/repeats.ts'
import type { TemplateVersion } from '../rules/catalogue.ts'
import { type Findings, pointerPart } from '../rules/findings.ts'
import { cellText, firstBadByte, utf16Length } from '../scan/encoding.ts'
import { mostDepth, nestedDeeper } from '../scan/json-depth.ts'
import { type JsonPart, JsonSplitter, JsonSyntaxError } from '../scan/json-splitter.ts'
import { JsonTape, kind } from '../scan/json-tape.ts'
import { Refusal } from '../source/refusal.ts'
import { type FileFacts, noRows, type Reader } from './reader.ts'

const items = 'standard_charge_information'
const modifiers = 'modifier_information'
/** Of one item or one root member, in bytes. The largest published items are some hundred thousand. */
const valueBytes = 16 << 20

type Options = {
  rows: Rows
  findings: Findings
  now: Date
  skipped: number
  utf16: boolean
  kernel: Kernel | undefined
}

export function createJsonReader({ rows, findings, now, skipped, utf16, kernel }: Options): Reader {
  kernel?.tape.learnKeys(keySpellings, kernel.stretches[0])
  const tape = new JsonTape(kernel)
  const splitter = new JsonSplitter([items, modifiers], valueBytes, {
    ahead: (bytes, start, held) => tape.ahead(bytes, start, held),
    stretches: kernel?.stretches,
  })
  const row = new JsonRow(tape, findings)
  const repeats = createRepeats(
    (number, earlier) =>
      findings.add('exactDuplicate', {
        row: number,
        cell: `/${items}/${number - 1}`,
        fill: { row: earlier },
      }),
    { kernel },
  )
  const members: Members = new Map()
  const seenLists = new Map<string, number>()
  const facts: FileFacts = {
    layout: 'json',
    version: undefined,
    general: emptyGeneral(),
    counts: { seen: 0, loaded: 0, rejected: 0, blank: 0 },
  }
  const { counts } = facts
  const item = createJsonItems(row, rows, () => isSurely30(members))
  const modifier = createJsonModifiers(row, rows)
  let utf16Offset = skipped
  let locatedTo = 0

  function version(): TemplateVersion | undefined {
    return jsonVersion(members, item.hints)
  }

  /** Where a part stands in the source as it was published. */
  function locate(start: number, end: number): void {
    const from = splitter.streamOffset + start
    if (!utf16) {
      row.offset = skipped + from
      row.length = end - start
      return
    }
    utf16Offset += utf16Length(splitter.bytes, Math.max(0, locatedTo - splitter.streamOffset), start)
    row.offset = utf16Offset
    row.length = utf16Length(splitter.bytes, start, end)
    utf16Offset += row.length
    locatedTo = splitter.streamOffset + end
  }

  function take(part: JsonPart): void {
    if (part.type === 'list') {
      if (seenLists.has(part.key) || members.has(part.key))
        findings.add('duplicateKey', { cell: `/${part.key}`, fill: { name: part.key } })
      seenLists.set(part.key, seenLists.get(part.key) ?? 0)
      if (part.key === modifiers) item.hints.v22 = true
    } else if (part.type === 'member') member(part)
    else element(part)
  }

  function member({ key, start, end }: JsonPart & { type: 'member' }): void {
    if (members.has(key) || seenLists.has(key))
      findings.add('duplicateKey', { cell: `/${pointerPart(key)}`, fill: { name: key } })
    if (key === items || key === modifiers) {
      findings.add('valueType', { cell: `/${key}`, fill: { name: key, type: 'a list' } })
      if (key === items) return
    }
    if (nestedDeeper(splitter.bytes, start, end))
      throw damaged(`the value of "${key}" is nested deeper than ${mostDepth}`, splitter.streamOffset + start)
    try {
      members.set(key, JSON.parse(cellText(splitter.bytes, start, end)))
    } catch (error) {
      throw damaged(
        `the value of "${key}" is no JSON: ${error instanceof Error ? error.message : ''}`,
        splitter.streamOffset + start,
      )
    }
  }

  function element({ key, start, end }: JsonPart & { type: 'element' }): void {
    const number = (seenLists.get(key) ?? 0) + 1
    seenLists.set(key, number)
    row.row = number
    row.pointer = `/${key}/${number - 1}`
    locate(start, end)
    checkBytes(start, end)
    if (key === items) {
      counts.seen++
      repeats.add({ bytes: splitter.bytes, start, split: start, end, repeated: false }, number)
    }
    try {
      tape.parse(splitter.bytes, start, end)
      if (tape.kinds[0] !== kind.object) {
        row.find('valueType', '', 0, { name: String(number - 1), type: 'an object' })
        throw new SyntaxError('it is no object')
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      reject(key, error.message)
      return
    }
    if (key === modifiers) modifier()
    else if (item.load()) counts.loaded++
    else reject(key, 'it has no list standard_charges, or an empty one')
  }

  function reject(key: string, reason: string): void {
    const fill = { reason }
    if (key === modifiers) {
      findings.add('rowUnreadable', { cell: row.pointer, fill })
      return
    }
    counts.rejected++
    findings.reject('rowUnreadable', row, { cell: row.pointer, fill })
  }

  function checkBytes(start: number, end: number): void {
    const part = splitter.bytes.subarray(start, end)
    if (!isUtf8(part)) {
      const offset = row.offset + firstBadByte(splitter.bytes, start, end) - start
      findings.add('encoding', { row: row.row, cell: row.pointer, fill: { offset } })
    } else if (part.indexOf('\ufffd') >= 0) findings.add('replacement', { row: row.row, cell: row.pointer })
  }

  function drain(chunk: Buffer): void {
    try {
      splitter.push(chunk)
      for (let part = splitter.next(); part; part = splitter.next()) take(part)
    } catch (error) {
      throw error instanceof JsonSyntaxError ? damaged(error.message, error.offset) : error
    }
    facts.version = version()
    if (splitter.trailingAt >= 0 && splitter.trailingByte === 0x7b && !seenLists.has(items)) throw ndjson()
  }

  return {
    facts,
    push(chunk) {
      if (splitter.trailingAt >= 0) return
      drain(chunk)
    },
    end() {
      if (!splitter.complete)
        throw new Refusal(
          'truncated',
          'The JSON ends before its last brace: it was cut off on the way. Export and upload it again.',
        )
      repeats.end()
      const checked = version() ?? (seenLists.has(items) ? '2.2' : '3.0')
      facts.version = checked
      checkJsonGeneral(members, checked, findings)
      if (!seenLists.has(items)) throw shapeRefusal(findings, checked)
      if (splitter.trailingAt >= 0)
        findings.add('trailingBytes', { cell: '/', fill: { offset: splitter.trailingAt } })
      if (counts.seen === 0) {
        const what = `The JSON has an empty list "${items}"`
        throw noRows({ what, cell: `/${items}`, findings, version: checked })
      }
      if (seenLists.get(modifiers) === 0)
        findings.add('listEmpty', { cell: `/${modifiers}`, fill: { name: modifiers } })
      facts.general = readJsonGeneral(members)
      checkGeneral(facts.general, findings, name => ({ cell: `/${name}`, columnName: name }), now)
    },
  }
}

function damaged(what: string, offset: number): Refusal {
  return new Refusal(
    'json-syntax',
    `The JSON is damaged at byte ${offset}: ${what}. Export it again and check it with any JSON tool.`,
  )
}

function ndjson(): Refusal {
  return new Refusal(
    'ndjson',
    'This holds one JSON object a line (NDJSON), not one document. Put the items into the list standard_charge_information of one object, as the CMS template asks.',
  )
}

function shapeRefusal(findings: Findings, version: TemplateVersion): Refusal {
  const { message, reasons } = noRows({
    what: `The JSON has no list "${items}"`,
    cell: `/${items}`,
    findings,
    version,
  })
  return new Refusal('json-shape', `${message} Follow the CMS JSON template.`, reasons.slice(1))
}
