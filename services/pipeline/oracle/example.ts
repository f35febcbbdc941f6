/** The file that an example of DIFFERENCES.md describes. */
import { csvBase, jsonBase } from './bases.ts'
import { sheetText } from './break-csv.ts'
import { question } from './cases.ts'
import type { Example } from './differences.ts'
import type { Question } from './judge.ts'
import { dictionaryOf } from './validator.ts'

export function exampleQuestion(example: Example): Question {
  const text = (example.text ?? []).reduce(
    (whole, [from, to]) => whole.replaceAll(from, to),
    exampleText(example),
  )
  const otherwise = dictionaryOf(example.base) ?? '3.0.0'
  const found = question(text, example.layout === 'json' ? 'json' : 'csv', otherwise)
  return { ...found, dictionary: example.dictionary }
}

function exampleText({ base, layout, change, rows }: Example): string {
  if (layout === 'json') {
    const document = jsonBase(base)
    for (const { at, to } of change) setAt(document, at, to)
    return JSON.stringify(document)
  }
  const sheet = csvBase(base, layout).slice(0, rows)
  for (const { at, to } of change) {
    const [, letters = '', number = ''] = /^([A-Z]+)(\d+)$/.exec(at) ?? []
    const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
    const row = sheet[Number(number) - 1] ?? []
    row[column] = String(to ?? '')
    for (let index = 0; index < column; index++) row[index] ??= ''
  }
  return sheetText(sheet)
}

function setAt(document: unknown, pointer: string, to: unknown): void {
  const keys = pointer.split('/').slice(1)
  const last = keys.pop() ?? ''
  const holder = keys.reduce(
    (value, key) => value?.[key] as Record<string, unknown>,
    document as Record<string, unknown>,
  )
  if (to === undefined) delete holder[last]
  else holder[last] = to
}
