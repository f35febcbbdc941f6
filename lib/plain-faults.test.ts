import t from 'tap'
import { z } from 'zod'
import { parsePlainly } from './plain-faults.ts'

const kind = (name: string) => z.object({ kind: z.literal(name) })

t.test('what is wrong is said in plain words, of the field that it is about', async t => {
  const cases: [z.ZodType, unknown, ...string[]][] = [
    [
      z.strictObject({ code: z.string() }),
      { foo: 1, bar: 2 },
      'code is missing',
      'foo is not known here',
      'bar is not known here',
    ],
    [z.object({ code: z.string() }), { code: ['1', '2'] }, 'code is not a text, but a list'],
    [z.object({ code: z.string() }), undefined, ' is missing'],
    [z.object({ code: z.string() }), null, ' is not an object'],
    [
      z.object({ limit: z.coerce.number().int().min(1).max(500) }),
      { limit: '501' },
      'limit is larger than 500',
    ],
    [z.object({ limit: z.coerce.number().int().min(1).max(500) }), { limit: '0' }, 'limit is smaller than 1'],
    [z.object({ limit: z.coerce.number().int().min(1).max(500) }), { limit: 'x' }, 'limit is not a number'],
    [
      z.object({ limit: z.coerce.number().int().min(1).max(500) }),
      { limit: '1.5' },
      'limit is not a whole number',
    ],
    [z.object({ share: z.number().gt(0).lt(1) }), { share: 1 }, 'share is 1 or larger'],
    [z.object({ name: z.string().min(1).max(3) }), { name: '' }, 'name is empty'],
    [z.object({ name: z.string().min(2).max(3) }), { name: 'x' }, 'name is shorter than 2 characters'],
    [z.object({ name: z.string().min(1).max(3) }), { name: 'abcd' }, 'name is longer than 3 characters'],
    [z.object({ roles: z.array(z.string()).min(1).max(2) }), { roles: [] }, 'roles is empty'],
    [
      z.object({ roles: z.array(z.string()).max(2) }),
      { roles: ['a', 'b', 'c'] },
      'roles has more than 2 entries',
    ],
    [z.object({ roles: z.array(z.string()) }), { roles: [1] }, 'roles/0 is not a text'],
    [z.object({ id: z.uuid() }), { id: 'x' }, 'id is not a UUID'],
    [z.object({ as_of: z.iso.date() }), { as_of: 'x' }, 'as_of is not a day such as 2026-05-01'],
    [
      z.object({ npi: z.string().regex(/^\d{10}$/, 'is not ten digits') }),
      { npi: 'x' },
      'npi is not ten digits',
    ],
    [z.object({ format: z.enum(['csv', 'ndjson']) }), { format: 'x' }, 'format is not one of csv, ndjson'],
    [z.object({ format: z.enum(['csv', 'ndjson']) }), {}, 'format is missing: one of csv, ndjson'],
    [z.discriminatedUnion('kind', [kind('a'), kind('b')]), { kind: 'c' }, 'kind is not one of a, b'],
    [
      z.object({ at: z.union([z.string(), z.number()]) }),
      { at: {} },
      'at is none of the forms that are taken here',
    ],
  ]
  for (const [schema, value, ...wanted] of cases) {
    const { faults = [] } = parsePlainly(schema, value)
    t.strictSame(
      faults.map(({ path, message }) => `${path.join('/')} ${message}`),
      wanted,
    )
  }
  t.strictSame(parsePlainly(z.object({ limit: z.coerce.number() }), { limit: '5' }), { value: { limit: 5 } })
})
