/**
 * Requests to the webhooks of the metadata: actions, event and cron triggers, the authorization hook. Bounded in time
 * and bytes; redirects are not followed; addresses of the own network are refused unless they are allowed.
 */
import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { Agent, type Dispatcher } from 'undici'

export type WebhookRequest = {
  url: string
  method: string
  headers: Readonly<Record<string, string>>
  body?: string | undefined
  timeoutMs: number
}
export type WebhookAnswer = {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}
/** Throws when there is no answer: refused, too slow, too long. */
export type WebhookClient = ((request: WebhookRequest) => Promise<WebhookAnswer>) & { close(): Promise<void> }

export type WebhookClientOptions = {
  /** Lets webhooks be in private networks and on this machine. */
  allowPrivate?: boolean
  /** Hosts that are allowed whatever their address. */
  allowHosts?: string[]
  maxAnswerBytes?: number
}

const privateNetworks = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  privateNetworks.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  // IPv4 in other clothes: compatible, translated, 6to4, Teredo. A relay would bring them to what they stand for.
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  privateNetworks.addSubnet(network, bits, 'ipv6')

/** Whether an address belongs to this machine or a network of its own. What is no address is taken for one that does. */
export function isPrivate(address: string): boolean {
  const [bare = ''] = address.split('%')
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare
  const kind = isIP(plain)
  return kind === 0 || privateNetworks.check(plain, kind === 6 ? 'ipv6' : 'ipv4')
}

export function createWebhookClient({
  allowPrivate = false,
  allowHosts = [],
  maxAnswerBytes = 8 * 1024 * 1024,
}: WebhookClientOptions = {}): WebhookClient {
  const open = new Agent({ connections: 100, pipelining: 1 })
  // The address is checked where it is connected to: a name cannot point elsewhere in between.
  const guarded = new Agent({ connections: 100, pipelining: 1, connect: { lookup: publicLookup } })
  const send = async ({ url, method, headers, body, timeoutMs }: WebhookRequest): Promise<WebhookAnswer> => {
    const target = new URL(url)
    if (target.protocol !== 'http:' && target.protocol !== 'https:')
      throw new Error(`webhooks are reached over http and https, not ${target.protocol}`)
    const free = allowPrivate || allowHosts.includes(target.hostname)
    const bare = target.hostname.replace(/^\[|\]$/g, '')
    if (!free && isIP(bare) && isPrivate(bare)) throw new Error('the address of the webhook is private')
    const answer = await (free ? open : guarded).request({
      origin: target.origin,
      path: `${target.pathname}${target.search}`,
      method: method as Dispatcher.HttpMethod,
      headers: { 'user-agent': 'hasura-graphql-engine/v2.48.10', ...authorizationOf(target), ...headers },
      body: body ?? null,
      signal: AbortSignal.timeout(timeoutMs),
    })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: await bounded(answer.body, maxAnswerBytes),
    }
  }
  return Object.assign(send, {
    close: async () => {
      await Promise.all([open.destroy(), guarded.destroy()])
    },
  })
}

/** Of `https://user:password@host`; a header that is set goes before it. */
function authorizationOf({ username, password }: URL): { authorization?: string } {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

async function bounded(body: Dispatcher.ResponseData['body'], most: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > most) throw new Error(`the answer of the webhook is longer than ${most} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0)
    const allowed = addresses.filter(({ address }) => !isPrivate(address))
    const [first] = allowed
    if (!first) return callback(new Error(`the address of ${hostname} is private`), '', 0)
    if (options.all) return callback(null, allowed)
    return callback(null, first.address, first.family)
  })
}

/** A JSON document by POST. */
export function post(
  url: string,
  document: unknown,
  { headers = {}, timeoutMs }: { headers?: Record<string, string>; timeoutMs: number },
): WebhookRequest {
  const body = JSON.stringify(document)
  return { url, method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body, timeoutMs }
}
