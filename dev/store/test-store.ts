import { createHash, createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { testFolder as placeOfTests } from '../test-folder.ts'
import { createStore, type RunningStore, type StoreOptions } from './server.ts'
import { canonicalQuery, encodePath, type Query } from './uri.ts'

/** The part of a tap test that is needed here. */
type Test = { teardown: (work: () => unknown) => void }

/** A store of its own for one test, on a free port and in a folder that goes with the test. */
export type TestStore = { store: RunningStore; url: string; dir: string; client: S3Client }

export const keys = { accessKeyId: 'test-key-id', secretAccessKey: 'test/secret+key' }
export const bucket = 'test-bucket'

/** A folder of its own, removed at the end of the test. */
export async function testFolder(t: Test): Promise<string> {
  const dir = await mkdtemp(join(placeOfTests(), 'glimmr-store-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

export async function testStore(t: Test, options: Partial<StoreOptions> = {}): Promise<TestStore> {
  const dir = options.dataDir ?? (await testFolder(t))
  const store = await createStore({ dataDir: dir, buckets: [bucket], ...keys, ...options })
  const { url } = await store.listen(0)
  const client = testClient(t, url)
  t.teardown(async () => {
    client.destroy()
    store.server.closeAllConnections()
    await store.close()
  })
  return { store, url, dir, client }
}

/** The real AWS SDK, as strangers use it: all its defaults but the endpoint. */
export function testClient(t: Test, endpoint: string, config: S3ClientConfig = {}): S3Client {
  const client = new S3Client({
    endpoint,
    region: 'auto',
    credentials: keys,
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  })
  t.teardown(() => client.destroy())
  return client
}

export type RawRequest = {
  method?: string
  path: string
  query?: Query
  headers?: Record<string, string>
  body?: Buffer | string
  payloadHash?: string
  secret?: string
  accessKeyId?: string
  region?: string
  service?: string
  date?: Date
  /** headers to add after signing */
  unsigned?: Record<string, string>
}

export type RawAnswer = { status: number; headers: IncomingMessage['headers']; body: string; bytes: Buffer }

export const sha256Hex = (data: Buffer | string) => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** What a request's signature is made of, so that a test can go on with chunks, or bend one piece of it. */
export type Signed = {
  headers: Record<string, string>
  signature: string
  date: string
  scope: string
  key: Buffer
}

/** Signs by the book with nothing of the code under test but the URL encoding, which has tests of its own. */
export function sign(url: string, raw: RawRequest): Signed {
  const {
    method = 'GET',
    path,
    query = [],
    secret = keys.secretAccessKey,
    region = 'auto',
    service = 's3',
  } = raw
  const date = (raw.date ?? new Date()).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const payload = raw.payloadHash ?? sha256Hex(raw.body ?? '')
  const headers: Record<string, string> = {
    ...raw.headers,
    host: new URL(url).host,
    'x-amz-content-sha256': payload,
    'x-amz-date': date,
  }
  const names = Object.keys(headers).sort()
  const lines = names.map(name => `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`).join('')
  const canonical = [method, encodePath(path), canonicalQuery(query), lines, names.join(';'), payload].join(
    '\n',
  )
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date.slice(0, 8)), region), service), 'aws4_request')
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256Hex(canonical)}`).toString('hex')
  const credential = `${raw.accessKeyId ?? keys.accessKeyId}/${scope}`
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { headers, signature, date, scope, key }
}

/** Signs and sends one request over node:http and gives the whole answer. */
export function send(url: string, raw: RawRequest): Promise<RawAnswer> {
  const { headers } = sign(url, raw)
  const query = raw.query && raw.query.length > 0 ? `?${canonicalQuery(raw.query)}` : ''
  const length = raw.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(raw.body)) }
  const all = { ...length, ...headers, ...raw.unsigned }
  return plain(url, {
    method: raw.method ?? 'GET',
    target: encodePath(raw.path) + query,
    headers: all,
    body: raw.body,
  })
}

/** Sends a request exactly as it is given. */
export function plain(
  url: string,
  raw: {
    method: string
    target: string
    headers?: Record<string, string>
    body?: Buffer | string | undefined
  },
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const options = {
      hostname,
      port,
      method: raw.method,
      path: raw.target,
      headers: raw.headers ?? {},
      agent: false,
    }
    const request = httpRequest(options, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: bytes.toString(),
          bytes,
        })
      })
    })
    request.on('error', reject)
    request.end(raw.body)
  })
}

/** The code in an S3 error answer. */
export const codeOf = (answer: RawAnswer): string | undefined => /<Code>(.*?)<\/Code>/.exec(answer.body)?.[1]
