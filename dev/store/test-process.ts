/** For tests: the store as a process of its own, which can be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bucket, keys } from './test-store.ts'

type Test = { teardown(work: () => unknown): void }

export const main = join(import.meta.dirname, 'main.ts')

/** The store as a process of its own, as `npm run store` starts it. `prefix` is shell text run before it. */
export async function storeProcess(
  t: Test,
  dir: string,
  prefix = '',
): Promise<{ child: ChildProcess; url: string }> {
  // Without tap's hooks in the child: they take SIGXFSZ, which node ignores, and change what memory it needs.
  const script = `${prefix} unset NODE_OPTIONS NODE_V8_COVERAGE; exec "$0" "$@"`
  const args = [main, '--port', '0', '--data', dir, '--bucket', bucket]
  const env = {
    ...process.env,
    STORE_ACCESS_KEY_ID: keys.accessKeyId,
    STORE_SECRET_ACCESS_KEY: keys.secretAccessKey,
  }
  const child = spawn('/bin/sh', ['-c', script, process.execPath, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL'))
      await once(child, 'exit')
  })
  // Read to the end, so that the log never fills the pipe.
  const lines = createInterface({ input: child.stdout })
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', line => {
      const found = /listens on (\S+)/.exec(line)?.[1]
      if (found) resolve(found)
    })
    child.once('exit', code => reject(new Error(`the store ended with ${code} before it listened`)))
  })
  return { child, url }
}

export async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}
