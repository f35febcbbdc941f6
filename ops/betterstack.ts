/**
 * `BETTERSTACK_TOKEN=… npm run monitors -- --url https://glimmr.example [--dry-run]`: creates or updates the monitors
 * of betterstack.json, found again by their name. Others are left alone. API: https://betterstack.com/docs/uptime/api/.
 */
import { readFile } from 'node:fs/promises'
import { misused, readOptions, runCommand } from '@glimmr/lib/command'
import { readConfig } from '@glimmr/lib/config'
import { z } from 'zod'

const api = 'https://uptime.betterstack.com/api/v2/monitors'
type Monitor = { name: string; path: string; keyword: string; check_frequency: number }
type Listed = {
  data: { id: string; attributes: { pronounceable_name: string } }[]
  pagination?: { next: string | null }
}

const help = `Makes BetterStack have the uptime monitors of ops/betterstack.json; others of the account are left alone.

  BETTERSTACK_TOKEN=… npm run monitors -- --url https://glimmr.example [--dry-run]

  --url URL   where the gateway is
  --dry-run   says what it would do, and does nothing
  --help      this text`

const given = readOptions({ url: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } }, help)
const base = gatewayUrl(given.url)
let token = ''

await runCommand(async () => {
  // biome-ignore lint/style/noProcessEnv: a command's edge
  token = readConfig(z.object({ BETTERSTACK_TOKEN: z.string() }), process.env).BETTERSTACK_TOKEN
  const monitors: Monitor[] = JSON.parse(await readFile(new URL('betterstack.json', import.meta.url), 'utf8'))
  const known = await listed()
  for (const monitor of monitors) await put(monitor, known.get(monitor.name))
})

function gatewayUrl(text: string | undefined): URL {
  if (text && URL.canParse(text)) return new URL(text)
  return misused(`--url ${text ? 'is not a URL' : 'is missing'}`, help)
}

async function put({ name, path, keyword, check_frequency }: Monitor, id: string | undefined): Promise<void> {
  const body = {
    monitor_type: 'keyword',
    url: new URL(path, base).href,
    required_keyword: keyword,
    pronounceable_name: name,
    check_frequency,
    confirmation_period: 30,
    ssl_expiration: 14,
  }
  console.log(`${id ? 'update' : 'create'} ${name}: ${body.url}`)
  if (!given['dry-run'])
    await request(id ? `${api}/${id}` : api, { method: id ? 'PATCH' : 'POST', body: JSON.stringify(body) })
}

async function listed(): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (let url: string | null = api; url; ) {
    const page: Listed = await request(url, {})
    for (const { id, attributes } of page.data) found.set(attributes.pronounceable_name, id)
    url = page.pagination?.next ?? null
  }
  return found
}

async function request(url: string, init: RequestInit): Promise<Listed> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(url, { ...init, headers })
  if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${url}: ${answer.status} ${await answer.text()}`)
  return answer.json() as Promise<Listed>
}
