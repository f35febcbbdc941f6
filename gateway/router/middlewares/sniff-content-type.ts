/** The type that bytes look like (https://mimesniff.spec.whatwg.org/), with the table and the names of Go's net/http. */

const html = [
  '<!DOCTYPE HTML',
  '<HTML',
  '<HEAD',
  '<SCRIPT',
  '<IFRAME',
  '<H1',
  '<DIV',
  '<FONT',
  '<TABLE',
  '<A',
  '<STYLE',
  '<TITLE',
  '<B',
  '<BODY',
  '<BR',
  '<P',
  '<!--',
]

/** Bytes as latin1 text; a dot stands for any byte. Tried in this order. */
const signatures: readonly [signature: string, type: string][] = [
  ['%PDF-', 'application/pdf'],
  ['%!PS-Adobe-', 'application/postscript'],
  ['\xfe\xff', 'text/plain; charset=utf-16be'],
  ['\xff\xfe', 'text/plain; charset=utf-16le'],
  ['\xef\xbb\xbf', 'text/plain; charset=utf-8'],
  ['\0\0\x01\0', 'image/x-icon'],
  ['\0\0\x02\0', 'image/x-icon'],
  ['BM', 'image/bmp'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['RIFF....WEBPVP', 'image/webp'],
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg'],
  ['FORM....AIFF', 'audio/aiff'],
  ['ID3', 'audio/mpeg'],
  ['OggS\0', 'application/ogg'],
  ['MThd\0\0\0\x06', 'audio/midi'],
  ['RIFF....AVI ', 'video/avi'],
  ['RIFF....WAVE', 'audio/wave'],
  ['\x1a\x45\xdf\xa3', 'video/webm'],
  [`${'.'.repeat(34)}LP`, 'application/vnd.ms-fontobject'],
  ['\0\x01\0\0', 'font/ttf'],
  ['OTTO', 'font/otf'],
  ['ttcf', 'font/collection'],
  ['wOFF', 'font/woff'],
  ['wOF2', 'font/woff2'],
  ['\x1f\x8b\x08', 'application/x-gzip'],
  ['PK\x03\x04', 'application/zip'],
  ['Rar!\x1a\x07\0', 'application/x-rar-compressed'],
  ['Rar!\x1a\x07\x01\0', 'application/x-rar-compressed'],
  ['\0asm', 'application/wasm'],
]

/** `bytes`: the beginning of a body; 512 of them are looked at. */
export function sniffContentType(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 512)).toString('latin1')
  const text = start.replace(/^[\t\n\f\r ]+/, '')
  const upper = text.toUpperCase()
  if (html.some(tag => upper.startsWith(tag) && /[ >]/.test(upper[tag.length] ?? '')))
    return 'text/html; charset=utf-8'
  if (text.startsWith('<?xml')) return 'text/xml; charset=utf-8'
  const known = signatures.find(([signature]) => begins(start, signature))
  if (known) return known[1]
  if (isMp4(start)) return 'video/mp4'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary from text.
  return /[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(text)
    ? 'application/octet-stream'
    : 'text/plain; charset=utf-8'
}

function begins(start: string, signature: string): boolean {
  if (start.length < signature.length) return false
  for (let index = 0; index < signature.length; index++)
    if (signature[index] !== '.' && signature[index] !== start[index]) return false
  return true
}

/** A box `ftyp` that names a brand of the mp4 family, its minor version (bytes 12 to 15) aside. */
function isMp4(start: string): boolean {
  if (start.length < 12 || start.slice(4, 8) !== 'ftyp') return false
  const size = Buffer.from(start.slice(0, 4), 'latin1').readUInt32BE()
  if (size % 4 !== 0 || start.length < size) return false
  for (let at = 8; at < size; at += 4) if (at !== 12 && start.slice(at, at + 3) === 'mp4') return true
  return false
}
