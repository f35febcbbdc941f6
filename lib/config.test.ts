import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { z } from 'zod'
import { readConfig } from './config.ts'

const schema = z.object({
  PORT: z.coerce.number().int().default(3001),
  SECRET: z.string().min(8),
  URL: z.url(),
})

t.test('all faults are reported at once, and no secret is repeated', async t => {
  try {
    readConfig(schema, { SECRET: 'hunter2', PORT: 'x' })
    t.fail('it was accepted')
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    t.match(message, /3 fault/)
    t.match(message, /PORT: /)
    t.match(message, /SECRET: /)
    t.match(message, /URL: not set \(or set URL_FILE/)
    t.notMatch(message, /hunter2/)
  }
})

t.test('NAME_FILE gives the content of a file, without its last line end', async t => {
  const file = join(t.testdir({}), 'secret')
  writeFileSync(file, 'a-long-secret\n')
  t.same(readConfig(schema, { SECRET_FILE: file, URL: 'http://x', PORT: '' }), {
    PORT: 3001,
    SECRET: 'a-long-secret',
    URL: 'http://x',
  })
  t.throws(
    () => readConfig(schema, { SECRET_FILE: `${file}.missing`, URL: 'http://x' }),
    /SECRET_FILE: cannot read/,
  )
})
