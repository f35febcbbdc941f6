/** dev/store in a process of its own, for bench/ingest.ts. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { createS3Client, type S3Config } from '@glimmr/lib/s3'
import type { SourceAddress } from '@glimmr/pipeline/load/thread'

export type Store = {
  /** Uploads the file; the address is that of the object. */
  put(path: string): Promise<SourceAddress>
  close(): Promise<void>
}

const main = fileURLToPath(new URL('../dev/store/main.ts', import.meta.url))

export async function openStore(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'glimmr-bench-store-'))
  const child = spawn(process.execPath, [main, '--port', '0', '--data', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const config: S3Config = {
    endpoint: await addressSaid(child.stdout),
    region: 'auto',
    bucket: 'glimmr',
    ...JSON.parse(await readFile(join(folder, 'keys.json'), 'utf8')),
  }
  const client = createS3Client(config)
  return {
    async put(path) {
      const key = basename(path)
      const { size } = await stat(path)
      const { ETag: etag = null } = await client.send(
        new PutObjectCommand({
          Bucket: config.bucket,
          Key: key,
          Body: createReadStream(path),
          ContentLength: size,
        }),
      )
      return { kind: 'object', store: config, key, etag }
    },
    async close() {
      client.destroy()
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Of the line `The object store listens on http://127.0.0.1:41234 …`; what follows is read and dropped. */
async function addressSaid(output: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input: output })
  for await (const line of lines) {
    const [, url] = /listens on (http:\S+)/.exec(line) ?? []
    if (url === undefined) continue
    output.resume()
    return url
  }
  throw new Error('the object store ended before it listened')
}
