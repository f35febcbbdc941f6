/** Well-formed JSON that PostgreSQL would not store as it stands is stored, or says why not: it never makes a load fail. */
import { createTestDatabase } from '@glimmr/dev/testing'
import { one } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import t from 'tap'
import { aJsonItem, csv, json } from '../test-files.ts'
import { addOrganisation, load } from '../test-load.ts'

const document = json([aJsonItem])

t.test('NUL, halves of characters and numbers beyond numeric cost nothing but themselves', async t => {
  const db = await createTestDatabase(t)
  const organisationId = await addOrganisation(db)
  const loaded = async (
    text: string,
    query = sql`select general as found from prices.files order by id desc limit 1`,
  ) => {
    t.match(await load(db, text, { organisationId }), { outcome: 'published' })
    return (await one<{ found: unknown }>(db.pool, query)).found
  }

  const texts = { 'mo\0tto': 'C\0are', nested: [{ 'a\0': 'b\0\ud800' }] }
  t.match(await loaded(json([aJsonItem], { hospital_name: 'Test\0 Hospital', ...texts })), {
    hospital_name: 'Test Hospital',
    motto: 'Care',
    nested: [{ a: 'b\ufffd' }],
  })
  await loaded(document.replace('"hospital_name"', '"motto":1e999999,"hospital_name"'))

  const ofCharge = sql`select extra as found from prices.charges order by id desc limit 1`
  for (const number of ['1e999999', '1e-999999', '9'.repeat(140_000)])
    t.same(await loaded(document.replace(':1200', `:${number}`), ofCharge), { gross_charge: number })
  const ofItem = sql`select extra as found from prices.items order by id desc limit 1`
  t.same(
    await loaded(document.replace('"description"', '"odd":[1e999999,1e40,-1.50],"description"'), ofItem),
    { odd: ['1e999999', 1e40, -1.5] },
  )
  const named = document.replace('"description"', '"odd":{"a\\u0000\\ud800":1,"\\udc00b":2},"description"')
  t.match(await loaded(named, ofItem), { odd: Object })
})

t.test('a licence without end is cut where a hospital is found by it', async t => {
  const db = await createTestDatabase(t)
  const organisationId = await addOrganisation(db)
  const licence = Array.from({ length: 20_000 }, (_, at) => ((at * 7919) % 9973).toString(36)).join('')
  for (const text of [
    json([aJsonItem], { license_information: { license_number: licence, state: 'TX' } }),
    csv(['MRI,70551,CPT,,,,outpatient,,,1,1']).replace(',123,', `,${licence},`),
  ]) {
    t.match(await load(db, text, { organisationId }), { outcome: 'published' })
    const { licences } = await one<{ licences: string[] }>(
      db.pool,
      sql`select licences from prices.files order by id desc limit 1`,
    )
    t.same(licences, [`TX ${licence}`.slice(0, 200)])
  }
})

t.test('a file is refused in words that can be stored', async t => {
  const db = await createTestDatabase(t)
  const organisationId = await addOrganisation(db)
  const result = await load(db, '{"a\\u0000b\\ud800":{"c":x}}', { organisationId })
  t.match(result, { outcome: 'rejected', reasons: [{ rule: 'glimmr.json-syntax', message: /"ab\ufffd"/ }] })
})
