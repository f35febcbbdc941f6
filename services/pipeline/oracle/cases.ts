/** Generated files, each named by its kind and seed. */
import { bufferSource } from '../test-files.ts'
import { csvBase, jsonBase, type Template } from './bases.ts'
import { breakHeaders, breakLines, breakRows, sheetText } from './break-csv.ts'
import { breakHeader, breakItems } from './break-json.ts'
import type { Question } from './judge.ts'
import { createRandom } from './random.ts'
import { dictionaryOf } from './validator.ts'

export const caseKinds = ['csv rows', 'csv headers', 'csv lines', 'json items', 'json header'] as const
export type CaseKind = (typeof caseKinds)[number]

export function generated(kind: CaseKind, seed: number): Question {
  const random = createRandom(seed)
  const template = random.pick<Template>(['2.1', '2.2', '3.0'])
  const otherwise = dictionaryOf(template) ?? '3.0.0'
  if (kind.startsWith('json')) {
    const base = jsonBase(template)
    const broken = kind === 'json items' ? breakItems(base, random, 30) : breakHeader(base, random)
    return question(JSON.stringify(broken), 'json', otherwise)
  }
  const sheet = csvBase(template, random.pick(['tall', 'wide']))
  if (kind === 'csv lines') return question(breakLines(sheetText(sheet), random), 'csv', otherwise)
  const broken = kind === 'csv rows' ? breakRows(sheet, random, 40) : breakHeaders(sheet, random)
  return question(sheetText(broken), 'csv', otherwise)
}

export function question(text: string, layout: 'csv' | 'json', otherwise: string): Question {
  // The validator is given text; a byte order mark of UTF-8 is part of it.
  return { source: bufferSource(Buffer.from(text)), text, layout, otherwise }
}
