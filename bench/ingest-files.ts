/** The files that bench/ingest.ts loads: generated into a folder that the database server may read as well. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type PriceFile, priceFile } from '@glimmr/dev/price-files/generate'

export type Files = {
  /** Makes a file and gives its path. */
  make(file: PriceFile): Promise<string>
  /** As `make`, and beside it the same rows without the three header rows; `columns` of them. */
  makeRaw(file: PriceFile): Promise<{ path: string; bytes: number; columns: number }>
  /** A small file of the same layout and another hospital. */
  warmUp(file: Omit<PriceFile, 'sizeBytes' | 'seed'>): Promise<string>
  remove(path: string): Promise<void>
  close(): Promise<void>
}

export async function openFiles(): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), 'glimmr-bench-ingest-'))
  await chmod(folder, 0o755)
  const pathOf = ({ layout, sizeBytes, seed, plans = 40 }: PriceFile, kind: string) =>
    join(folder, `${layout}-${sizeBytes}-${seed}-${plans}.${kind}`)
  async function make(file: PriceFile): Promise<string> {
    const path = pathOf(file, file.layout === 'json' ? 'json' : 'csv')
    await pipeline(Readable.from(priceFile(file)), createWriteStream(path))
    return path
  }
  return {
    make,
    warmUp: file => make({ ...file, sizeBytes: 20e6, seed: 999_999 }),
    async makeRaw(file) {
      const path = pathOf(file, 'raw')
      const out = createWriteStream(path, { mode: 0o644 })
      let bytes = 0
      let columns = 0
      for (const chunk of priceFile(file)) {
        const rows = columns === 0 ? afterHeaders(chunk) : chunk
        // The data headers hold no quoted commas of ours.
        if (columns === 0) columns = commas(chunk.subarray(0, chunk.length - rows.length))
        bytes += rows.length
        if (!out.write(rows)) await once(out, 'drain')
      }
      out.end()
      await once(out, 'finish')
      return { path, bytes, columns }
    },
    remove: path => rm(path, { force: true }),
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

function afterHeaders(chunk: Buffer): Buffer {
  let at = 0
  for (let line = 0; line < 3; line++) at = chunk.indexOf(0x0a, at) + 1
  return chunk.subarray(at)
}

/** Columns of the last line of `headers`. */
function commas(headers: Buffer): number {
  const line = headers.toString('utf8', headers.lastIndexOf(0x0a, headers.length - 2) + 1)
  return line.split(',').length
}
