/**
 * rateLimit's buckets in Redis, shared by every gateway that names the same server. Keys and fields are Traefik's
 * (`rate:<middleware>:<source>` with `last` in microseconds and `tokens`), so that both may share one Redis.
 * https://doc.traefik.io/traefik/middlewares/http/ratelimit/#redis
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { count, durationMs, text } from '../configuration/values.ts'
import { clientTlsSchema, nodeClientTls } from '../tls/client-tls.ts'
import type { Log } from './kind.ts'

export const redisSchema = z.strictObject({
  endpoints: z.array(text).min(1).default(['localhost:6379']),
  username: text.default(''),
  password: text.default(''),
  db: count.default(0),
  // Traefik's pool; one connection a middleware carries every request here.
  poolSize: count.default(0),
  minIdleConns: count.default(0),
  maxActiveConns: count.default(0),
  dialTimeout: durationMs.default(5000),
  readTimeout: durationMs.default(3000),
  writeTimeout: durationMs.default(3000),
  tls: clientTlsSchema.optional(),
})

export type RedisOptions = z.infer<typeof redisSchema>

// The bucket gains what it has earned since it was last looked at, then gives one token; who would have to wait
// longer than is put up with takes none. All in one step, so that two gateways never give the same token.
const script = `
local key = KEYS[1]
local rate, burst, forget = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local now, patience = tonumber(ARGV[4]), tonumber(ARGV[5])
local held = redis.call('hmget', key, 'last', 'tokens')
local last = math.min(tonumber(held[1] or '0'), now)
local tokens = math.min(burst, tonumber(held[2] or '0') + (now - last) * rate) - 1
local wait = 0
if tokens < 0 then
  wait = -tokens / rate
  if wait > patience then tokens = math.min(tokens + 1, burst) end
end
redis.call('hset', key, 'last', ARGV[4], 'tokens', tokens)
redis.call('expire', key, forget)
return tostring(wait)
`
const scriptId = createHash('sha1').update(script).digest('hex')

export type RedisBucketOptions = {
  redis: RedisOptions
  /** `core-limit@file` */
  name: string
  /** Where the middleware stands: paths of certificates count from there. */
  file: string
  perSecond: number
  burst: number
  maxDelayMs: number
  log: Log
}

export type RedisBuckets = {
  /** Milliseconds until there is a token. Throws when Redis does not answer in time. */
  take(source: string): Promise<number>
  close(): void
}

export function createRedisBuckets(options: RedisBucketOptions): RedisBuckets {
  const { name, file, perSecond, burst, maxDelayMs, redis, log } = options
  // A bucket that is full again is like one that nobody has seen.
  const forgetAfter = Math.ceil(burst / perSecond) + 1
  const tls = redis.tls && { tls: true as const, ...nodeClientTls(redis.tls, file) }
  const connected = connect(redis, tls, log, name)
  // Reported where it is waited for.
  connected.catch(() => {})
  return {
    async take(source) {
      const client = await within(redis.dialTimeout, connected)
      const given = {
        keys: [`rate:${name}:${source}`],
        arguments: [perSecond / 1e6, burst, forgetAfter, Date.now() * 1000, maxDelayMs * 1000].map(String),
      }
      const evaluated = client.evalSha(scriptId, given).catch((error: unknown) => {
        if (!String(error).includes('NOSCRIPT')) throw error
        return client.eval(script, given)
      })
      return Number(await within(redis.readTimeout, evaluated)) / 1000
    },
    close: () => void connected.then(client => client.destroy()).catch(() => {}),
  }
}

type Given = { keys: string[]; arguments: string[] }
type Client = {
  evalSha(id: string, given: Given): Promise<unknown>
  eval(script: string, given: Given): Promise<unknown>
  destroy(): void
}

async function connect(
  options: RedisOptions,
  tls: object | undefined,
  log: Log,
  name: string,
): Promise<Client> {
  // Loaded by those who use it.
  const { createClient, createCluster } = await import('@redis/client')
  const { username, password, db, dialTimeout, endpoints } = options
  const common = {
    ...(username && { username }),
    ...(password && { password }),
    // During an outage requests are refused at once instead of waiting in a line.
    disableOfflineQueue: true,
    socket: { connectTimeout: dialTimeout, ...tls, reconnectStrategy: backOff },
  }
  const urls = endpoints.map(endpoint => `redis${options.tls ? 's' : ''}://${endpoint}`)
  const client =
    urls.length === 1
      ? createClient({ ...common, url: String(urls[0]), database: db })
      : createCluster({ rootNodes: urls.map(url => ({ url })), defaults: common })
  client.on('error', (error: unknown) => log.error({ err: error, middleware: name }, 'rateLimit: no Redis'))
  await client.connect()
  return client as unknown as Client
}

const backOff = (retries: number): number => Math.min(2000, 50 * 2 ** Math.min(retries, 6))

async function within<Result>(ms: number, result: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([result, late])
  } finally {
    clearTimeout(timer)
  }
}
