/** The short token that stands for an API key behind the gateway: one for each key, renewed before it ends. */
import type { KeyRecord } from './api-keys.ts'
import type { Tokens } from './tokens.ts'

const lifetimeSeconds = 300
const renewBeforeMs = 60_000
const maxTokens = 20_000

type Entry = { token: string; expiresAtMs: number; from: string; renewing: boolean }

export type InternalTokens = {
  /** At once while there is one; signing takes a millisecond. */
  forKey(record: KeyRecord): string | Promise<string>
}

export function createInternalTokens(tokens: Tokens, now: () => number): InternalTokens {
  const entries = new Map<string, Entry>()
  const issue = async (record: KeyRecord, from: string): Promise<string> => {
    const expiresAtMs = now() + lifetimeSeconds * 1000
    const token = await tokens.issue(record, lifetimeSeconds)
    entries.delete(record.id)
    entries.set(record.id, { token, expiresAtMs, from, renewing: false })
    if (entries.size > maxTokens) entries.delete(entries.keys().next().value ?? '')
    return token
  }
  return {
    forKey(record) {
      const entry = entries.get(record.id)
      // What core changed about the key is in the next token, not in the one after five minutes.
      const from = `${record.organisation_id} ${record.roles.join()} ${record.scopes.join()}`
      if (!entry || entry.from !== from || entry.expiresAtMs - now() < 5000) return issue(record, from)
      if (entry.expiresAtMs - now() < renewBeforeMs && !entry.renewing) {
        entry.renewing = true
        issue(record, from).catch(() => {
          entry.renewing = false
        })
      }
      return entry.token
    },
  }
}
