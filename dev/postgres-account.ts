/** The account PostgreSQL runs as: it refuses to run as root, so root lends it to `nobody`. */
import { readFile } from 'node:fs/promises'

export type Account = { uid: number; gid: number }

/** undefined: run as we are. The uid must have an entry in /etc/passwd, or initdb fails. */
export async function postgresAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const passwd = await readFile('/etc/passwd', 'utf8')
  const fields = passwd
    .split('\n')
    .find(line => line.startsWith('nobody:'))
    ?.split(':')
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])]
  if (Number.isInteger(uid) && Number.isInteger(gid) && uid > 0) return { uid, gid }
  throw new Error(
    'PostgreSQL does not run as root, and /etc/passwd has no `nobody` to run it as: start as a user',
  )
}
