/**
 * The little XML that S3 speaks. Answers are put together from strings; requests (Delete, CompleteMultipartUpload)
 * are read by a scanner that knows elements and text and refuses everything else. There are no entities to expand
 * beyond the five of XML itself and numbers, and no DTD, so nothing in a hostile body can grow.
 */

/** Text made safe inside an element or attribute; control characters become references, as S3 writes them. */
export function escapeXml(text: string): string {
  return text.replace(
    /[<>&"'\p{Cc}\ufffe\uffff]/gu,
    char => named[char] ?? `&#x${char.charCodeAt(0).toString(16)};`,
  )
}

const named: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;', "'": '&apos;' }

/** `<name>escaped text</name>`, or nothing when there is no value. */
export function element(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeXml(String(value))}</${name}>`
}

/** A whole document: the declaration in front, the S3 name space not needed by any client we know. */
export function xmlDocument(body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}`
}

export const s3Namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

/** One element of a request: its name without prefix, its text, the elements in it. */
export type XmlElement = { name: string; text: string; children: XmlElement[] }

const token = /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([A-Za-z_][\w.:-]*)(?:\s[^<>]*?)?(\/?)>|([^<]+)/gy
const maxDepth = 8

/** The root element of a small document, or undefined when it is not well-formed (or has a DTD, or nests too deep). */
export function parseXml(source: string): XmlElement | undefined {
  const root: XmlElement = { name: '', text: '', children: [] }
  const open = [root]
  const text = source.replace(/^\ufeff/, '').trim()
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const match = token.exec(text)
    const top = open.at(-1)
    if (!match || !top || !step(match, top, open)) return undefined
  }
  return open.length === 1 && root.children.length === 1 && !root.text.trim() ? root.children[0] : undefined
}

function step(match: RegExpExecArray, top: XmlElement, open: XmlElement[]): boolean {
  const [, closes, qualified, empty, text] = match
  if (text !== undefined) top.text += unescapeXml(text)
  if (qualified === undefined) return true
  const name = qualified.slice(qualified.indexOf(':') + 1)
  if (closes) return open.length > 1 && open.pop()?.name === name
  const child: XmlElement = { name, text: '', children: [] }
  top.children.push(child)
  if (!empty) open.push(child)
  return open.length <= maxDepth
}

function unescapeXml(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));/g,
    (_, hex, decimal, name) => {
      if (name) return plain[name] ?? ''
      const point = Number.parseInt(hex ?? decimal, hex ? 16 : 10)
      return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
    },
  )
}

const plain: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** The text of the first child of that name, trimmed of nothing: keys may begin with a space. */
export function childText(parent: XmlElement, name: string): string | undefined {
  return parent.children.find(child => child.name === name)?.text
}
