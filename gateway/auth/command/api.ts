/** API keys over REST, as anybody with an admin key may: the same checks, the same audit log. */

export type ListedKey = {
  id: string
  name: string
  prefix: string
  roles: string[]
  scopes: string[]
  limit_class: string
  created_at: string
  expires_at: string | null
  revoked_at: string | null
  last_used_at: string | null
}
export type MadeKey = ListedKey & { key: string }

export type KeysApi = {
  list(): Promise<ListedKey[]>
  create(body: Record<string, unknown>): Promise<MadeKey>
  revoke(id: string): Promise<void>
}

export type KeysApiOptions = { gatewayUrl: string; key: string; organisation: string | undefined }

/** Every failure is a sentence. */
export function createKeysApi({ gatewayUrl, key, organisation }: KeysApiOptions): KeysApi {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${gatewayUrl}/v1/core/api-keys${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    }).catch(cause => {
      throw new Error(`Nothing answers at ${gatewayUrl}. Is the platform running?`, { cause })
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(sentenceIn(text) ?? `${method} ${path} answered ${answer.status}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const of = organisation === undefined ? {} : { organisation_id: organisation }
  return {
    async list() {
      const keys: ListedKey[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const query = new URLSearchParams({ limit: '500', ...of, ...(cursor && { cursor }) })
        const page = (await call('GET', `?${query}`)) as { api_keys: ListedKey[]; next_cursor: string | null }
        keys.push(...page.api_keys)
        cursor = page.next_cursor
      }
      return keys
    },
    create: async body => (await call('POST', '', { ...body, ...of })) as MadeKey,
    revoke: async id => void (await call('DELETE', `/${encodeURIComponent(id)}`)),
  }
}

function sentenceIn(text: string): string | undefined {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown }
    return typeof detail === 'string' ? detail : undefined
  } catch {
    return undefined
  }
}
