/** What a file is, by its first bytes: names and content types lie (price-files.md §6, traps 2 and 3). */
import type { RefusalKind } from '../rules/refusals.ts'
import { Refusal } from './refusal.ts'

export type Container = 'none' | 'gzip' | 'zip'

export function containerOf(head: Buffer): Container {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  if (starts(head, 'PK\x03\x04') || starts(head, 'PK\x05\x06')) return 'zip'
  return 'none'
}

function starts(head: Buffer, magic: string): boolean {
  return head.subarray(0, magic.length).equals(Buffer.from(magic, 'latin1'))
}

const wrongKinds: [magic: string, name: string][] = [
  ['%PDF', 'a PDF document'],
  ['\xd0\xcf\x11\xe0', 'an old Office document (XLS or DOC)'],
  ['\x89PNG', 'an image'],
  ['\xff\xd8\xff', 'an image'],
  ['GIF8', 'an image'],
  ['RIFF', 'an image or a recording'],
  ['II*\0', 'an image'],
  ['MM\0*', 'an image'],
  ['\x7fELF', 'a program'],
  ['{\\rtf', 'an RTF document'],
  ['PAR1', 'a Parquet file'],
  ['7z\xbc\xaf', 'a 7z archive'],
  ['Rar!', 'a RAR archive'],
  ['\xfd7zXZ', 'an XZ archive'],
  ['BZh', 'a bzip2 archive'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard archive'],
  ['SQLite format 3', 'an SQLite database'],
]

/**
 * Whether bytes are compressed is told by the bytes: a .gz is often uploaded as `Content-Encoding: gzip`, and as often that
 * is said of bytes that are plain. Other codings cannot be told by their bytes, nor can a row be proven within them.
 */
export function refuseCoding(contentEncoding: string | undefined): void {
  const other = (contentEncoding ?? '')
    .split(',')
    .map(coding => coding.trim().toLowerCase())
    .find(coding => !['', 'identity', 'gzip', 'x-gzip', 'aws-chunked'].includes(coding))
  if (other === undefined) return
  throw new Refusal(
    'content-encoding',
    `The file is stored with Content-Encoding: ${other.slice(0, 40)}. Upload it plain, or as .gz or .zip.`,
  )
}

/** Refuses what cannot be a price file whatever follows. `head` is decompressed and begins after the byte order mark. */
export function refuseWrongKind(head: Buffer): void {
  const found = wrongKinds.find(([magic]) => starts(head, magic))
  if (found) throw wrong('kind', found[1])
  if (containerOf(head) !== 'none')
    throw new Refusal(
      'nested-archive',
      'The archive holds another archive. Upload the CSV or JSON itself, or one .gz or .zip of it.',
    )
  if (head.every(byte => byte === 0))
    throw new Refusal(
      'nul-filled',
      'The file begins with NUL bytes only, as after an interrupted copy. Export and upload it again.',
    )
  const text = head.toString('latin1').trimStart()
  if (text === '' && head.length < 512)
    throw new Refusal(
      'empty',
      'The file is empty. Upload the CSV or JSON of the hospital’s standard charges.',
    )
  if (/^<(!doctype|html|head|body|\?xml|script|!--|svg)/i.test(text))
    throw wrong(
      'kind',
      text.startsWith('<?xml')
        ? 'an XML document'
        : 'an HTML page, often what a website answers instead of the file',
    )
  if (/^(location-name|source-page-url|mrf-url)\s*:/im.test(text.split(/\r?\n/, 3).join('\n')))
    throw new Refusal('cms-hpt-index', 'This is a cms-hpt.txt index. Upload the file that its mrf-url names.')
}

function wrong(kind: RefusalKind, name: string): Refusal {
  return new Refusal(
    kind,
    `This is ${name}, not a price file. Upload the CSV or JSON in the CMS template, plain or as .gz or .zip.`,
  )
}
