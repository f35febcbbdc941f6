import { isStringOneByteRepresentation } from 'node:v8'
import t from 'tap'
import { parseYaml } from './yaml-file.ts'

t.test('what a comment is written with makes no text of the file wider', async t => {
  const { value } = parseYaml(
    '# ── headers ──\nreferrer-policy-of-all: no-referrer-when-downgrade\nlist: ["a rather long text"]\nother: Größe und Maß\nwide: "… and more of it"\n',
    'routes.yml',
  )
  t.strictSame(value, {
    'referrer-policy-of-all': 'no-referrer-when-downgrade',
    list: ['a rather long text'],
    other: 'Größe und Maß',
    wide: '… and more of it',
  })
  const { wide, ...narrow } = value as Record<string, string>
  for (const text of [Object.keys(narrow), Object.values(narrow)].flat(2))
    t.ok(isStringOneByteRepresentation(text), text)
  t.notOk(isStringOneByteRepresentation(String(wide)))
})
