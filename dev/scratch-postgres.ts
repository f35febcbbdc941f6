/** A PostgreSQL for one run of a command or a benchmark: nothing of it is left when it stops. */
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Postgres, startPostgres } from './postgres.ts'

/**
 * `stop` removes its data as well. Nothing outlives the run, so it does not wait for the disk. `within`: where its folder is
 * made; in memory (`testFolder()`) for many small databases.
 */
export async function startScratchPostgres(
  name: string,
  settings: Record<string, string> = {},
  within = tmpdir(),
): Promise<Postgres> {
  const folder = await mkdtemp(join(within, `glimmr-${name}-`))
  await chmod(folder, 0o755) // the server's account has to pass through
  const dataDir = join(folder, 'postgres')
  const server = await startPostgres({
    dataDir,
    settings: { fsync: 'off', full_page_writes: 'off', ...settings },
  })
  const place = await realpath(dataDir) // elsewhere, where even the temp folder is closed
  const stop = async () => {
    await server.stop()
    for (const path of [place, `${place}.log`, folder]) await rm(path, { recursive: true, force: true })
  }
  return { ...server, stop }
}
