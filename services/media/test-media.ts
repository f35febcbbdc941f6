/** What the tests of media share: the service over a real database and a real store, two organisations, and clients. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createStore, type StoreOptions } from '@glimmr/dev/store/server'
import { testFolder } from '@glimmr/dev/test-folder'
import { createTestTokens } from '@glimmr/dev/test-tokens'
import { createTestDatabase } from '@glimmr/dev/testing'
import type { S3Config } from '@glimmr/lib/s3'
import type { Server } from '@glimmr/lib/server'
import fastify from 'fastify'
import { build, type MediaConfig } from './server.ts'

type Teardown = { teardown(work: () => unknown): void }

export const text = 'code,price\n70551,412.50\n'
export const sha256Of = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')

const [ours, theirs] = [randomUUID(), randomUUID()]
const tokens = createTestTokens()
const uploader = { roles: ['uploader'], scopes: ['media:read', 'media:write'] }

/** Headers of callers: two organisations, an admin of a third, the store, and one without any scope here. */
export const as = {
  us: tokens.header({ organisation: ours, ...uploader }),
  them: tokens.header({ organisation: theirs, ...uploader }),
  admin: tokens.header({ organisation: randomUUID(), roles: ['admin'], scopes: uploader.scopes }),
  store: tokens.header({ organisation: ours, roles: ['store'], scopes: ['media:events'] }),
  viewer: tokens.header({ organisation: ours, roles: ['viewer'], scopes: ['core:read'] }),
  expired: tokens.header({ organisation: ours, ...uploader, expiresIn: -10 }),
}

export type Presigned = {
  upload_id: string
  url: string
  headers: Record<string, string>
  expires_at: string
}

export type TestOptions = Partial<MediaConfig> & {
  event?: StoreOptions['event']
  limits?: StoreOptions['limits']
}

export async function testMedia(t: Teardown, options: TestOptions = {}) {
  const { event, limits, ...config } = options
  const db = await createTestDatabase(t)
  const hospitals = await addHospitals(db.pool)
  const { s3, store } = await startStore(t, { ...(event && { event }), ...(limits && { limits }) })
  const { log } = fastify({ logger: { level: 'silent' } })
  const jwks = tokens.jwks
  const app = await build({
    ...{ databaseUrl: db.urlFor('glimmr_media'), log, jwks, s3, sweepMs: 0, pollMs: 10 },
    ...config,
  })
  await app.ready()
  t.teardown(() => app.close())
  return { app, db, s3, store, hospitals, ...callsOf(app) }
}

async function startStore(t: Teardown, options: Partial<StoreOptions>) {
  const dataDir = await mkdtemp(join(testFolder(), 'glimmr-media-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const keys = { accessKeyId: 'media-test', secretAccessKey: randomUUID() }
  const store = await createStore({ dataDir, buckets: ['glimmr'], ...keys, ...options })
  t.teardown(() => {
    store.server.closeAllConnections()
    return store.close()
  })
  const { url } = await store.listen(0)
  const s3: S3Config = { endpoint: url, region: 'auto', bucket: 'glimmr', ...keys }
  return { s3, store }
}

async function addHospitals(pool: { query: (text: string, values: unknown[]) => Promise<unknown> }) {
  const hospitals = { ours: randomUUID(), theirs: randomUUID() }
  for (const [id, organisation, hospital] of [
    [ours, 'Ours', hospitals.ours],
    [theirs, 'Theirs', hospitals.theirs],
  ]) {
    await pool.query('insert into core.organisations (id, name) values ($1, $2)', [id, organisation])
    const values = [hospital, id, `Hospital of ${organisation}`]
    await pool.query('insert into core.hospitals (id, organisation_id, name) values ($1, $2, $3)', values)
  }
  return hospitals
}

/** The steps of a client. */
function callsOf(app: Server) {
  const call = async (
    method: 'GET' | 'POST',
    url: string,
    headers: Record<string, string>,
    payload?: object,
  ) => {
    const answer = await app.inject({ method, url, headers, ...(payload && { payload }) })
    const body = answer.headers['content-type']?.toString().includes('json') ? answer.json() : answer.body
    return { status: answer.statusCode, headers: answer.headers, body }
  }
  const announced = (more: object = {}) => ({
    ...{ filename: 'prices.csv', content_type: 'text/csv', size_bytes: text.length, sha256: sha256Of(text) },
    ...more,
  })
  const presign = async (more: object = {}, headers: Record<string, string> = as.us): Promise<Presigned> => {
    const { status, body } = await call('POST', '/v1/media/presign', headers, announced(more))
    if (status !== 201) throw new Error(JSON.stringify(body))
    return body
  }
  const put = async ({ url, headers }: Presigned, body: string | Buffer = text) =>
    (await fetch(url, { method: 'PUT', headers, body })).status
  return {
    call,
    announced,
    presign,
    put,
    complete: (id: string, headers = as.us) => call('POST', `/v1/media/uploads/${id}/complete`, headers),
    get: (id: string, headers = as.us) => call('GET', `/v1/media/uploads/${id}`, headers),
  }
}

/** How many jobs the pipeline would find, and their payloads. */
export async function jobsIn(pool: {
  query: (text: string) => Promise<{ rows: { payload: { upload_id: string; traceparent: string | null } }[] }>
}) {
  const { rows } = await pool.query('select payload from graphile_worker._private_jobs order by id')
  return rows.map(row => row.payload)
}
