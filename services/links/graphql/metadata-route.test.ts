import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestService } from '@glimmr/dev/test-service'
import t, { type Test } from 'tap'
import { build, type LinksConfig } from '../server.ts'
import { shownMetadata } from './shown-metadata.ts'

const own = fileURLToPath(new URL('../../../hasura/metadata', import.meta.url))
const organisation = '018f0000-0000-7000-8000-000000000001'
const admin = { organisation, roles: ['admin'], scopes: ['links:read', 'admin'] }

const links = (t: Test, options: Partial<LinksConfig>) =>
  createTestService(t, {
    build: context => build({ ...context, publicUrl: 'http://localhost:8080', ...options }),
    role: 'glimmr_links',
  })

t.test(
  'an admin sees the metadata in force, all of it sound; nobody else does, and nobody changes it',
  async t => {
    const { call } = await links(t, { metadataDir: own })
    const answer = await call('/v1/links/metadata', admin)
    t.equal(answer.statusCode, 200)
    const { is_consistent, inconsistent_objects, metadata } = answer.json()
    t.equal(is_consistent, true, JSON.stringify(inconsistent_objects))
    t.match(metadata, {
      version: 3,
      sources: [{ configuration: { connection_info: { database_url: { from_env: String } } } }],
    })
    const uploader = { organisation, roles: ['uploader'], scopes: ['links:read', 'links:write'] }
    t.equal((await call('/v1/links/metadata', uploader)).statusCode, 403)
    t.equal((await call('/v1/links/metadata', admin, { method: 'POST', body: {} })).statusCode, 405)
  },
)

t.test('what is broken, and what nobody runs here, is listed; the rest answers', async t => {
  const metadataDir = await mkdtemp(join(tmpdir(), 'metadata-'))
  t.teardown(() => rm(metadataDir, { recursive: true }))
  await writeFile(join(metadataDir, 'version.yaml'), 'version: 3\n')
  await writeFile(
    join(metadataDir, 'cron_triggers.yaml'),
    '[{name: nightly, webhook: "https://example.org", schedule: "0 2 * * *"}]\n',
  )
  const { call } = await links(t, { metadataDir })
  const { is_consistent, inconsistent_objects } = (await call('/v1/links/metadata', admin)).json()
  t.equal(is_consistent, false)
  t.match(inconsistent_objects, [{ type: 'cron_trigger', name: 'cron_trigger nightly', reason: /not run/ }])
})

t.test('in front of a real Hasura the metadata is not here', async t => {
  const { call } = await links(t, { hasuraUrl: 'http://127.0.0.1:9' })
  t.equal((await call('/v1/links/metadata', admin)).statusCode, 404)
})

t.test('nothing that could be a secret is shown', t => {
  const shown = shownMetadata({
    sources: [
      {
        name: 'default',
        configuration: {
          connection_info: { database_url: 'postgres://u:secret@h/d', pool_settings: { max_connections: 2 } },
          read_replicas: [{ database_url: { connection_parameters: { password: 'secret' } } }],
        },
        tables: [
          {
            table: 'a',
            event_triggers: [
              {
                name: 'e',
                definition: {},
                webhook: 'https://u:secret@example.org/x?key=secret',
                headers: [
                  { name: 'a', value: 'secret' },
                  { name: 'b', value_from_env: 'B' },
                ],
              },
            ],
          },
        ],
      },
    ],
    custom_types: { enums: [{ name: 'e', values: [{ value: 'kept' }] }] },
  })
  const text = JSON.stringify(shown)
  t.notMatch(text, /secret/)
  t.match(text, /"max_connections":2/)
  t.match(text, /"value_from_env":"B"/)
  t.match(text, /"value":"kept"/)
  t.match(text, /example\.org\/x/)
  t.end()
})
