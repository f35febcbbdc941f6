/** One file asked of both sides. */
import type { Source } from '../source/source.ts'
import type { Judged } from './differences.ts'
import { askHere } from './here.ts'
import { askValidator, dictionaryOf } from './validator.ts'
import { compare } from './verdict.ts'

export type Question = {
  source: Source
  /** The file's text as the validator is given it. */
  text: string
  layout: 'csv' | 'json'
  /** The same text in pieces, for a large file. */
  stream?: () => NodeJS.ReadableStream
  /** The dictionary where the file does not show which it follows. */
  otherwise: string
  /** The dictionary whatever the file shows. */
  dictionary?: string | undefined
}

/** Undefined where the validator does not know the template. */
export async function judge(question: Question): Promise<Judged | undefined> {
  const { source, text, stream, layout, otherwise } = question
  const here = await askHere(source)
  const dictionary =
    question.dictionary ?? (here.version === undefined ? otherwise : dictionaryOf(here.version))
  if (!dictionary) return undefined
  const validator = await askValidator(stream?.() ?? text, layout, dictionary)
  return { text, layout, dictionary, validator, here, differences: compare(validator, here) }
}
