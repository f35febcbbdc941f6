/**
 * `BETTERSTACK_TOKEN=… node ops/betterstack.ts --url https://glimmr.example [--dry-run]`: creates or updates the monitors
 * of betterstack.json, found again by their name. Others are left alone. API: https://betterstack.com/docs/uptime/api/.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { readConfig } from '@glimmr/lib/config'
import { z } from 'zod'

const api = 'https://uptime.betterstack.com/api/v2/monitors'
type Monitor = { name: string; path: string; keyword: string; check_frequency: number }
type Listed = {
  data: { id: string; attributes: { pronounceable_name: string } }[]
  pagination?: { next: string | null }
}

const { values } = parseArgs({
  options: { url: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
})
if (!values.url) throw new Error('--url says where the gateway is: --url https://glimmr.example')
const base = new URL(values.url)
// biome-ignore lint/style/noProcessEnv: a script's edge
const { BETTERSTACK_TOKEN: token } = readConfig(z.object({ BETTERSTACK_TOKEN: z.string() }), process.env)
const monitors: Monitor[] = JSON.parse(await readFile(new URL('betterstack.json', import.meta.url), 'utf8'))
const known = await listed()
for (const monitor of monitors) await put(monitor)

async function put({ name, path, keyword, check_frequency }: Monitor): Promise<void> {
  const id = known.get(name)
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
  if (!values['dry-run'])
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
