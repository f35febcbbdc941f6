import t from 'tap'
import { z } from 'zod'
import { Problem } from './errors.ts'
import { decodeCursor, encodeCursor } from './pages.ts'

const scope = { list: 'prices', filters: { code: '70551', payer: undefined } }
const schema = z.tuple([z.string().regex(/^\d+$/), z.string()])

t.test('a cursor gives its position back, for the same list and parameters', async t => {
  const cursor = encodeCursor(scope, ['4294967297', 'Ärzte "A"\n'])
  t.match(cursor, /^[\w-]+$/, 'it needs no escaping in a URL')
  t.same(decodeCursor(scope, schema, cursor), ['4294967297', 'Ärzte "A"\n'])
  t.same(decodeCursor({ list: 'prices', filters: { code: '70551' } }, schema, cursor)?.[0], '4294967297')
  t.equal(decodeCursor(scope, schema, undefined), undefined)
})

t.test('a cursor that was changed, or made for something else, is a 400', async t => {
  const cursor = encodeCursor(scope, ['1', 'a'])
  const foreign = [
    encodeCursor({ ...scope, list: 'files' }, ['1', 'a']),
    encodeCursor({ ...scope, filters: { code: '70552' } }, ['1', 'a']),
    encodeCursor({ ...scope, filters: { code: '70551', payer: 'x' } }, ['1', 'a']),
    encodeCursor(scope, ['1; drop table', 'a']),
    encodeCursor(scope, ['1']),
    `${cursor}A`,
    cursor.slice(1),
    cursor.slice(0, -1),
    `${cursor}\n`,
    '',
    'null',
  ]
  for (const wrong of foreign)
    t.equal(
      statusOf(() => decodeCursor(scope, schema, wrong)),
      400,
      wrong,
    )
  for (let index = 0; index < cursor.length; index++) {
    const changed = `${cursor.slice(0, index)}${cursor[index] === 'A' ? 'B' : 'A'}${cursor.slice(index + 1)}`
    t.equal(
      statusOf(() => decodeCursor(scope, schema, changed)),
      400,
      changed,
    )
  }
})

function statusOf(work: () => unknown): number | undefined {
  try {
    work()
  } catch (error) {
    return error instanceof Problem ? error.status : undefined
  }
  return 200
}
