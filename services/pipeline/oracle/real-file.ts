/** A real file, or as much of it as the validator reads in bearable time, asked of both sides. */
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { bufferSource } from '../test-files.ts'
import type { Judged } from './differences.ts'
import { judge } from './judge.ts'

/** Its time grows with bytes times columns: 126 MB of 1,277 columns took it 40 s, as long as 600 MB of 30. */
const mostBytes = { narrow: 256 << 20, wide: 8 << 20 }
const wideColumns = 200

export type RealFile = { judged: Judged | undefined /** Bytes that were left out. */; leftOut: number }

/** `otherwise`: the dictionary to ask for where the file does not show which it follows. */
export async function judgeFile(path: string, otherwise = '3.0.0'): Promise<RealFile> {
  const bytes = readFileSync(path)
  const whole = path.endsWith('.gz') ? gunzipSync(bytes) : bytes
  const layout = whole
    .subarray(0, 4096)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .startsWith('{')
    ? 'json'
    : 'csv'
  const part = layout === 'csv' ? firstLines(whole) : whole
  // The validator decodes the bytes itself, and what is not UTF-8 becomes U+FFFD.
  const text = part.toString('utf8')
  const judged = await judge({
    source: bufferSource(part),
    text,
    stream: () => pieces(text),
    layout,
    otherwise,
  })
  return { judged, leftOut: whole.length - part.length }
}

/** Whole lines, as many as there is time for: both sides are given the same bytes. */
function firstLines(whole: Buffer): Buffer {
  const columns = (
    whole
      .subarray(0, 1 << 20)
      .toString('latin1')
      .split('\n')[2] ?? ''
  ).split(',').length
  const most = columns > wideColumns ? mostBytes.wide : mostBytes.narrow
  return whole.length <= most ? whole : whole.subarray(0, whole.lastIndexOf(0x0a, most) + 1)
}

function pieces(text: string): NodeJS.ReadableStream {
  const size = 1 << 16
  const count = Math.ceil(text.length / size)
  const parts = (function* () {
    for (let at = 0; at < count; at++) yield text.slice(at * size, (at + 1) * size)
  })()
  return Readable.from(parts, { objectMode: false, encoding: 'utf8' })
}
