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
  /** The dictionary where the file does not show which it follows. */
  otherwise: string
  /** The dictionary whatever the file shows. */
  dictionary?: string | undefined
}

/** Undefined where the validator does not know the template. */
export async function judge({
  source,
  text,
  layout,
  otherwise,
  dictionary: given,
}: Question): Promise<Judged | undefined> {
  const here = await askHere(source)
  const dictionary = given ?? (here.version === undefined ? otherwise : dictionaryOf(here.version))
  if (!dictionary) return undefined
  const validator = await askValidator(text, layout, dictionary)
  return { text, layout, dictionary, validator, here, differences: compare(validator, here) }
}
