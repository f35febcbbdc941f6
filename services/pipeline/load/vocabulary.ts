/**
 * Words that a file repeats in every row (settings, methodologies, code types …): read once per spelling, then a lookup by
 * bytes gives what to write and what the rules need to know.
 */
import {
  billingClasses,
  codeTypes,
  codeTypesOf30,
  drugTypes,
  isCount,
  methodologies,
  settings,
} from '../rules/values.ts'
import { cellText } from '../scan/encoding.ts'
import { ByteIndex } from './byte-index.ts'
import { CopyBuffer } from './copy-buffer.ts'
import type { Row } from './rows.ts'

export type Word = {
  /** In the dictionary's spelling where it is one of its words in any case, else as published. */
  text: string
  /** The same in capitals. */
  capitals: string
  /** Whether the data dictionary has it, in any case. */
  known: boolean
  /** Whether it is spelled exactly as there (JSON asks for that). */
  exact: boolean
  /** The value for COPY, with its tab. */
  copy: Buffer
  /** The same as an element of an array, with its comma. */
  element: Buffer
  /** Number in this vocabulary: equal words have equal numbers. */
  index: number
}

export type Vocabulary = {
  find(row: Pick<Row, 'bytes' | 'starts' | 'ends'>, column: number): Word
  named(text: string): Word
}

export type Vocabularies = Record<
  'settings' | 'billingClasses' | 'methodologies' | 'counts' | 'drugTypes' | 'codeTypes' | 'modifiers',
  Vocabulary
>

export function createVocabularies(): Vocabularies {
  return {
    settings: createVocabulary(settings),
    billingClasses: createVocabulary(billingClasses),
    methodologies: createVocabulary(methodologies),
    counts: createVocabulary([], { knows: isCount }),
    drugTypes: createVocabulary(drugTypes),
    codeTypes: createVocabulary([...codeTypes, ...codeTypesOf30]),
    modifiers: createVocabulary([], { shown: modifierArray }),
  }
}

/** `50|62` → `{"50","62"}`: modifiers are a list in one cell. */
function modifierArray(text: string): string {
  const parts = text
    .split(/[|,]/)
    .map(part => part.trim())
    .filter(part => part !== '')
  return `{${parts.map(part => `"${part.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`
}

/** A hostile file may hold a new word in every row, or long ones: beyond these they are not remembered. */
const remembered = { words: 20_000, length: 250 }

type VocabularyOptions = {
  /** What COPY is given for a word. */
  shown?: (text: string) => string
  /** Where the dictionary is no list. */
  knows?: (text: string) => boolean
}

function createVocabulary(
  dictionary: readonly string[],
  { shown = text => text, knows = () => false }: VocabularyOptions = {},
): Vocabulary {
  const spelling = new Map(dictionary.map(name => [name.toLowerCase(), name]))
  const blank: Word = {
    text: '',
    capitals: '',
    known: false,
    exact: false,
    copy: Buffer.from('\\N\t'),
    element: Buffer.from('NULL,'),
    index: 0,
  }
  const words = [blank]
  const positions = new Map<string, number>()
  const bySpelling = new ByteIndex()
  let next = 1
  // A cell is asked for by the rules and again by what writes it.
  const last: { bytes: Buffer; start: number; end: number; word: Word } = {
    bytes: Buffer.alloc(0),
    start: 0,
    end: 0,
    word: blank,
  }

  function make(published: string): Word {
    const text = spelling.get(published.toLowerCase()) ?? published
    const out = new CopyBuffer(64)
    out.text(shown(text))
    const copy = Buffer.from(out.bytes.subarray(0, out.length))
    out.clear()
    out.element(text)
    const element = Buffer.from(out.bytes.subarray(0, out.length))
    const index = words[positions.get(text) ?? -1]?.index ?? next++
    return {
      text,
      capitals: text.toUpperCase(),
      known: spelling.has(published.toLowerCase()) || knows(published),
      exact: spelling.get(published.toLowerCase()) === published,
      copy,
      element,
      index,
    }
  }

  function named(published: string): Word {
    const at = positions.get(published)
    if (at !== undefined) return words[at] ?? blank
    const word = make(published)
    if (words.length < remembered.words && published.length <= remembered.length)
      positions.set(published, words.push(word) - 1)
    return word
  }
  for (const name of dictionary) named(name)

  return {
    find({ bytes, starts, ends }, column) {
      const start = starts[column] ?? 0
      const end = ends[column] ?? 0
      if (start >= end) return blank
      if (start === last.start && end === last.end && bytes === last.bytes) return last.word
      const found = bySpelling.find(bytes, start, end)
      if (found >= 0) {
        const word = words[found] ?? blank
        last.bytes = bytes
        last.start = start
        last.end = end
        last.word = word
        return word
      }
      const text = cellText(bytes, start, end)
      const word = named(text)
      const at = positions.get(text)
      if (at !== undefined) bySpelling.add(bytes, start, end, at)
      return word
    },
    named: text => (text === '' ? blank : named(text)),
  }
}
