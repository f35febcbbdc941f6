/** What no client of good will sends is a 400 or a 404: a 500 would be a fault of ours. */
import { seedFile, seedOrganisation } from '@glimmr/dev/test-prices'
import { createTestService } from '@glimmr/dev/test-service'
import { encodeCursor } from '@glimmr/lib/pages'
import t from 'tap'
import { build } from './server.ts'

const service = await createTestService(t, { build, role: 'glimmr_core' })
const organisation = await seedOrganisation(service.db.pool, 'Own')
const { file_id, hospital_id } = await seedFile(service.db.pool, {
  organisation,
  items: [{ codes: [['70551', 'CPT']], charges: [{ rates: [{ payer: 'Acme', plan: 'PPO', dollar: '1' }] }] }],
})
const caller = { organisation, scopes: ['core:read', 'admin', 'organisations', 'media:write'] }
const statusOf = async (url: string) => (await service.call(url, caller)).statusCode

t.test('days and numbers that Postgres does not have are refused', async t => {
  const urls = [
    '/v1/core/prices?code=70551&as_of=0000-01-01',
    '/v1/core/prices/1-1?as_of=0000-12-31',
    '/v1/core/files?as_of=0000-02-29',
    '/v1/core/files/2147483648',
    '/v1/core/files/-1/findings',
    '/v1/core/prices?code=70551&payer_id=99999999999',
    `/v1/core/hospitals/${hospital_id}/diff?from=2147483648`,
    '/v1/core/prices?code=%00',
    '/v1/core/hospitals?name=a%00b',
  ]
  for (const url of urls) t.equal(await statusOf(url), 400, url)
  t.equal(await statusOf('/v1/core/prices?code=70551&as_of=9999-12-31'), 200)
  t.equal(await statusOf('/v1/core/prices/9999999999999999-9999999999999999'), 404)
})

t.test('a made-up cursor is refused, whatever it holds', async t => {
  const uuid = '00000000-0000-4000-8000-000000000000'
  const far = '2026-01-01T00:00:00+23:59'
  const own = { organisation }
  const lists: [path: string, list: string, filters: Record<string, unknown>, position: unknown[]][] = [
    ['files', 'files', {}, [1e15]],
    ['files', 'files', {}, [-1]],
    [`files/${file_id}/findings`, 'findings', { id: file_id }, [1e15]],
    ['payers', 'payers', {}, [2 ** 31]],
    ['plans', 'plans', {}, [2 ** 31]],
    ['payer-rules', 'payer_rules', {}, [1e15]],
    ['hospitals', 'hospitals', {}, ['a\0b', uuid]],
    ['canonical-payers', 'canonical_payers', {}, ['\0']],
    ['api-keys', 'api_keys', own, [far, uuid]],
    ['users', 'users', own, ['0000-01-01T00:00:00Z', uuid]],
    [
      `hospitals/${hospital_id}/diff?from=${file_id}&to=${file_id}`,
      'changes',
      { from: file_id, to: file_id, id: hospital_id },
      ['\0', '', 0],
    ],
  ]
  for (const [path, list, filters, position] of lists) {
    const cursor = encodeCursor({ list, filters }, position)
    const url = `/v1/core/${path}${path.includes('?') ? '&' : '?'}cursor=${cursor}`
    t.equal(await statusOf(url), 400, `${path} ${JSON.stringify(position)}`)
  }
})
