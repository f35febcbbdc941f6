/** Generated files, each named by its kind and seed. */
import { bufferSource } from '../test-files.ts'
import { csvBase, jsonBase, type Template } from './bases.ts'
import { breakHeaders, breakLines, breakRows, sheetText } from './break-csv.ts'
import { breakHeader, breakItems } from './break-json.ts'
import type { Question } from './judge.ts'
import { addColumns, addMembers, breakBytes, shuffleColumns } from './mix.ts'
import { createRandom, type Random } from './random.ts'
import { dictionaryOf } from './validator.ts'

export const caseKinds = [
  'csv rows',
  'csv headers',
  'csv lines',
  'csv mixed',
  'csv bytes',
  'json items',
  'json header',
  'json mixed',
  'json bytes',
] as const
export type CaseKind = (typeof caseKinds)[number]

const templates: Template[] = ['2.1', '2.2', '3.0']

export function generated(kind: CaseKind, seed: number): Question {
  const random = createRandom(seed)
  const template = random.pick(templates)
  const otherwise = dictionaryOf(template) ?? '3.0.0'
  const layout = kind.startsWith('json') ? 'json' : 'csv'
  const text = layout === 'json' ? jsonText(kind, template, random) : csvText(kind, template, random)
  return question(text, layout, otherwise)
}

function jsonText(kind: CaseKind, template: Template, random: Random): string {
  const base = jsonBase(template)
  if (kind === 'json items') return JSON.stringify(breakItems(base, random, 30))
  if (kind === 'json header') return JSON.stringify(breakHeader(base, random))
  const whole = random.chance(0.4) ? breakItems(base, random, 8) : base
  const header = random.chance(0.3) ? breakHeader(whole, random) : whole
  const mixed = random.chance(0.3) ? addMembers(header, jsonBase(random.pick(templates)), random) : header
  const text = JSON.stringify(mixed, null, random.pick([0, 0, 1, 2]))
  return kind === 'json bytes' ? breakBytes(text, 'json', random) : text
}

function csvText(kind: CaseKind, template: Template, random: Random): string {
  const layout = random.pick(['tall', 'wide'] as const)
  const sheet = csvBase(template, layout)
  if (kind === 'csv lines') return breakLines(sheetText(sheet), random)
  if (kind === 'csv rows') return sheetText(breakRows(sheet, random, 40))
  if (kind === 'csv headers') return sheetText(breakHeaders(sheet, random))
  let mixed = random.chance(0.4) ? shuffleColumns(sheet, random) : sheet
  if (random.chance(0.3)) {
    const other = random.chance(0.8) ? layout : random.pick(['tall', 'wide'] as const)
    mixed = addColumns(mixed, csvBase(random.pick(templates), other), random)
  }
  for (const chance of [0.3, 0.2]) if (random.chance(chance)) mixed = breakHeaders(mixed, random)
  if (random.chance(0.6)) mixed = breakRows(mixed, random, 20)
  const text = sheetText(mixed)
  if (kind === 'csv bytes') return breakBytes(text, 'csv', random)
  return random.chance(0.5) ? breakLines(text, random) : text
}

export function question(text: string, layout: 'csv' | 'json', otherwise: string): Question {
  // The validator is given text; a byte order mark of UTF-8 is part of it.
  return { source: bufferSource(Buffer.from(text)), text, layout, otherwise }
}
