/** The keys that `make start` prints: made at the first start, the same at every later one. */
import { ensureOrganisation, isGoodKey, issueKey } from '@glimmr/core/api-keys/issue-key'
import type { Role } from '@glimmr/lib/api-keys'
import { type Pool, transaction } from '@glimmr/lib/db'
import type { Secrets } from './data-folder.ts'

type Name = 'admin' | 'uploader' | 'partner' | 'viewer' | 'store'

export type Keys = Record<Name, string>

/** `pool` is that of glimmr_core, who alone may write keys. A key that was revoked or has expired is replaced. */
export function ensureKeys(pool: Pool, known: Secrets['keys']): Promise<Keys> {
  return transaction(pool, async client => {
    const organisation = await ensureOrganisation(client, 'Glimmr')
    const ensured = async (name: Name) => {
      const key = known[name]
      // Whose machine it is may make organisations too, and is Hasura's admin.
      const roles: Role[] = name === 'admin' ? ['admin', 'operator'] : [name]
      if (key && (await isGoodKey(client, key, roles))) return key
      return issueKey(client, {
        organisation,
        name: `${name} of make start`,
        roles,
        createdBy: 'start',
      })
    }
    return {
      admin: await ensured('admin'),
      uploader: await ensured('uploader'),
      partner: await ensured('partner'),
      viewer: await ensured('viewer'),
      store: await ensured('store'),
    }
  })
}
