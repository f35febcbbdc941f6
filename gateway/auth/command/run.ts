/** The commands of `npm run keys`: each gives what it prints, as text and as JSON. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readKeyFile, type StoredKeys } from '../key-file.ts'
import { rotateSigningKeys } from '../signing-keys.ts'
import { createKeysApi, type KeysApi, type ListedKey } from './api.ts'
import type { KeysOptions } from './options.ts'

export type Shown = { text: string; json: unknown }
type Environment = Record<string, string | undefined>

/** Throws a sentence for the user. */
export async function runKeys(options: KeysOptions, env: Environment): Promise<Shown> {
  const directory = resolve(options.keysDir ?? env.KEYS_DIR ?? join(options.data, 'auth-keys'))
  switch (options.command) {
    case 'rotate':
      return rotate(directory, options)
    case 'list':
      return list(directory, await apiOf(options, env).catch(() => undefined))
    case 'create':
      return create(await apiOf(options, env), options)
    case 'revoke':
      return revoke(await apiOf(options, env), String(options.target))
  }
}

async function rotate(directory: string, { rotation }: KeysOptions): Promise<Shown> {
  // A rotation makes no keys where none are: that would be the wrong folder.
  if (!(await readKeyFile(directory))) throw new Error(noKeys(directory))
  const keys = signingKeys(await rotateSigningKeys(directory, rotation))
  return {
    text: `${table(keys)}\n\nA running auth signs with ${keys[0]?.kid} within a second.`,
    json: { signing_keys: keys },
  }
}

async function list(directory: string, api: KeysApi | undefined): Promise<Shown> {
  const stored = await readKeyFile(directory)
  if (!stored && !api) throw new Error(noKeys(directory))
  const signing = stored ? signingKeys(stored) : []
  const keys = await api?.list()
  const parts = [
    ...(stored ? [table(signing)] : []),
    ...(keys ? [table(keys.map(shownKey))] : ['(No gateway to ask for API keys: is the platform running?)']),
  ]
  return { text: parts.join('\n\n'), json: { signing_keys: signing, api_keys: keys ?? null } }
}

async function create(api: KeysApi, { creation }: KeysOptions): Promise<Shown> {
  const { name, roles, scopes, limitClass, days } = creation
  const made = await api.create({
    name,
    roles,
    ...(scopes && { scopes }),
    ...(limitClass && { limit_class: limitClass }),
    ...(days !== undefined && { expires_in_days: days }),
  })
  return {
    text: `${made.key}\n\n${table([shownKey(made)])}\n\nThis is the only time the key is shown.`,
    json: made,
  }
}

async function revoke(api: KeysApi, target: string): Promise<Shown> {
  const id = /^glm_/.test(target) ? await idOf(api, target) : target
  await api.revoke(id)
  return {
    text: `${target} is revoked; the gateway refuses it within five seconds.`,
    json: { id, revoked: true },
  }
}

/** By the prefix, or by a whole key: what stands behind the prefix is not sent anywhere. */
async function idOf(api: KeysApi, target: string): Promise<string> {
  const prefix = target.slice(0, 12)
  const [found, ...more] = (await api.list()).filter(key => key.prefix === prefix)
  if (!found) throw new Error(`There is no API key ${prefix} in the organisation`)
  if (more.length > 0) throw new Error(`Several API keys begin with ${prefix}: give the id`)
  return found.id
}

async function apiOf({ data, gateway, key, organisation }: KeysOptions, env: Environment): Promise<KeysApi> {
  const given = key ?? env.GLIMMR_KEY
  const running = gateway && given ? undefined : await runningPlatform(data)
  if (!given && gateway && running && placeOf(gateway) !== placeOf(running.gateway_url))
    throw new Error(
      `Give --key, too: the key of the platform on ${resolve(data)} is for ${running.gateway_url} and sent nowhere else.`,
    )
  return createKeysApi({
    gatewayUrl: (gateway ?? running?.gateway_url ?? '').replace(/\/+$/, ''),
    key: given ?? running?.keys.admin ?? '',
    organisation,
  })
}

/** This machine has two names. */
function placeOf(url: string): string {
  return new URL(url).host.replace(/^localhost(?=:|$)/, '127.0.0.1')
}

async function runningPlatform(data: string): Promise<{ gateway_url: string; keys: { admin: string } }> {
  const path = join(resolve(data), 'platform.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined)
    throw new Error(
      `No platform is running on ${resolve(data)} (there is no platform.json).\nStart one with npm start, say which with --data, or give --gateway and --key.`,
    )
  return JSON.parse(text)
}

function noKeys(directory: string): string {
  return `There are no signing keys in ${directory}.\nSay where they are with --data or --keys-dir, or start the platform: it makes them.`
}

function signingKeys({ current, next, retired }: StoredKeys) {
  const shown = (state: string, { kid, algorithm, madeAtMs }: typeof current, untilMs?: number) => ({
    state,
    kid,
    algorithm,
    made_at: new Date(madeAtMs).toISOString(),
    verifies_until: untilMs === undefined ? null : new Date(untilMs).toISOString(),
  })
  return [
    shown('signs', current),
    shown('next', next),
    ...retired
      .filter(key => key.verifiesUntilMs > Date.now())
      .map(key => shown('verifies', key, key.verifiesUntilMs)),
  ]
}

function shownKey({ id, prefix, name, roles, limit_class, expires_at, revoked_at, last_used_at }: ListedKey) {
  const state = revoked_at ? `revoked ${revoked_at}` : expires_at ? `until ${expires_at}` : 'good'
  return {
    id,
    prefix,
    name,
    roles: roles.join(','),
    class: limit_class,
    state,
    last_used: last_used_at ?? 'never',
  }
}

/** Columns of the rows' own fields, two spaces apart. */
function table(rows: Record<string, string | null>[]): string {
  const names = Object.keys(rows[0] ?? {})
  const lines = [names, ...rows.map(row => names.map(name => printable(row[name] ?? '')))]
  const widths = names.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  return lines
    .map(line =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Names come from callers: no control characters reach the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '·')
}
