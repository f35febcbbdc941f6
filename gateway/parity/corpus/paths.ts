/** Paths and queries in every spelling. */
import { build, type Generator, methods } from './build.ts'
import type { Random } from './random.ts'

const letters = ['a', 'b', 'core', 'prices', 'x y', 'ü', 'A', '~', '_', '.', '..', '...', 'a.b', '']
const encodings = [
  '%2e',
  '%2E%2e',
  '%2F',
  '%2f',
  '%5C',
  '%5c',
  '%00',
  '%3B',
  '%25',
  '%3F',
  '%23',
  '%20',
  '%41',
  '%7e',
  '%C3%BC',
  '%252F',
  '%c3',
  '%FF',
  '%7B',
]
const oddities = [
  '\\',
  ';',
  ';v=1',
  '|',
  '"',
  '^',
  '`',
  '{',
  '}',
  '<',
  '[',
  ']',
  "'",
  '(',
  '*',
  '+',
  ',',
  '=',
  '@',
  ':',
  '$',
  '&',
  '!',
]

function segment(random: Random): string {
  const plain = () => random.pick(letters).replace(' ', '%20').replace('ü', '%c3%bc')
  const kind = random.below(10)
  if (kind < 5) return plain()
  if (kind < 8) return plain() + random.pick(encodings) + (random.chance(0.3) ? plain() : '')
  return plain() + random.pick(oddities)
}

export function path(random: Random, prefix = ''): string {
  const count = random.below(4)
  return `${prefix}/${Array.from({ length: count }, () => segment(random)).join('/')}`
}

export function query(random: Random): string {
  if (random.chance(0.4)) return ''
  const part = () =>
    random.pick([
      'q=1',
      'q=xx',
      'q',
      'q=',
      'a=b',
      'a=%2F',
      'a=b;c=d',
      'a=+',
      'é'.replace('é', '%C3%A9'),
      'x=%zz',
      '&',
      '?',
      'a=%00',
    ])
  return `?${Array.from({ length: 1 + random.below(3) }, part).join('&')}`
}

export const pathCases: readonly Generator[] = [
  random => build('path', random, { target: path(random) + query(random) }),
  random =>
    build('path', random, {
      target: path(random, random.pick(['/rule/prefix', '/parent', '/mw/strip', ''])) + query(random),
      method: random.pick(methods),
    }),
]
