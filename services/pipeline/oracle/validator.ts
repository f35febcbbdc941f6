/** The official validator (`@cmsgov/hpt-validator`) asked about a file, its answers in our rules and cells. */
import { Readable } from 'node:stream'
import { validateCsv, validateJson } from '@cmsgov/hpt-validator'
import type { TemplateVersion } from '../rules/catalogue.ts'
import { csvBreach } from './validator-csv.ts'
import { jsonBreaches } from './validator-json.ts'
import type { Opinion } from './verdict.ts'

export type Told = { path: string; message: string; field?: string | undefined }

const dictionaries = { '2.1': '2.1.0', '2.2': '2.2.0', '3.0': '3.0.0' } as const

/** The validator's name of a template; undefined for 1.1, which it does not know. */
export function dictionaryOf(version: TemplateVersion): string | undefined {
  return version === '1.1' ? undefined : dictionaries[version]
}

/** `text`: as the validator would be given it, decoded. */
export async function askValidator(
  text: string | NodeJS.ReadableStream,
  layout: 'csv' | 'json',
  dictionary: string,
): Promise<Opinion> {
  const stream =
    typeof text === 'string' ? Readable.from([text], { objectMode: false, encoding: 'utf8' }) : text
  const validate = layout === 'csv' ? validateCsv : validateJson
  const { valid, errors, alerts } = await validate(stream, dictionary, { maxErrors: 0 })
  const damaged = errors.some(error => error.constructor.name === 'InvalidJsonError')
  if (damaged) return { valid, stopped: true, breaches: ['json-damaged /'] }
  if (layout === 'json') return { valid, stopped: false, breaches: jsonBreaches(errors, alerts, dictionary) }
  const stopped = errors.some(error => stops.has(error.constructor.name))
  const told = [...errors, ...alerts].filter(error => error.constructor.name !== 'ProblemsInHeaderError')
  return { valid, stopped, breaches: told.map(csvBreach) }
}

const stops = new Set(['ProblemsInHeaderError', 'HeaderBlankError'])
