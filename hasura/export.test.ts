import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@glimmr/dev/testing'
import { createEngine } from '@glimmr/engine/engine'
import { createListener } from '@glimmr/engine/http/listen'
import { serve } from '@glimmr/engine/http/serve'
import { readMetadata } from '@glimmr/engine/metadata'
import { createMetadataApi } from '@glimmr/engine/metadata-api/metadata-api'
import { test } from 'tap'
import { applyMetadata } from './apply.ts'
import { exportMetadata } from './export.ts'

const metadataDir = join(import.meta.dirname, 'metadata')

test('what apply puts into a server, export brings back as the same metadata', async t => {
  const { pool } = await createTestDatabase(t)
  const engine = await createEngine({ metadata: { sources: [] }, pools: { default: pool } })
  const metadataApi = createMetadataApi({ control: engine.control })
  const options = { auth: { adminSecret: 'secret' }, metadataApi }
  const server = createListener({ serve: request => serve(engine, options, request) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const folder = await mkdtemp(join(tmpdir(), 'glimmr-export-'))
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await engine.close()
    await rm(folder, { recursive: true })
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  t.same(await applyMetadata({ url, adminSecret: 'secret', metadataDir }), [])
  await t.rejects(exportMetadata({ url, adminSecret: 'wrong' }, folder), /401/)
  const names = await exportMetadata({ url, adminSecret: 'secret' }, folder)
  t.equal(
    (await readdir(folder, { recursive: true })).filter(name => /\.\w+$/.test(name)).length,
    names.length,
  )
  const [was, is] = [await readMetadata(metadataDir), await readMetadata(folder)]
  t.same(is.metadata.sources, was.metadata.sources)
})
