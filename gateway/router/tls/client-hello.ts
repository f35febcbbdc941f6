/**
 * The server name that a TLS client asks for (RFC 6066, 3), read from its first bytes before any of them is answered:
 * which certificate and which versions it gets depends on it.
 */

export type ClientHello =
  /** More bytes are needed. */
  | { kind: 'partial' }
  | { kind: 'plain' }
  /** `serverName`: lower case; undefined when the client names none. */
  | { kind: 'tls'; serverName: string | undefined }

const maxHelloBytes = 16_384
/** Clients send one or two, tests of middle boxes some more. */
const maxRecords = 16

/** Never throws: what is no ClientHello is for the TLS library to refuse. */
export function readClientHello(bytes: Buffer): ClientHello {
  if (bytes.length === 0) return { kind: 'partial' }
  if (bytes[0] !== 0x16) return { kind: 'plain' }
  const hello = handshake(bytes)
  if (hello === undefined) return { kind: 'partial' }
  return { kind: 'tls', serverName: hello.length === 0 ? undefined : serverName(hello) }
}

/**
 * The ClientHello, put together from its records; undefined: not all there yet; empty: there is none. It is asked for again
 * with every byte that a slow client sends, so nothing is copied until all of it is there, and its records have a bound.
 */
function handshake(bytes: Buffer): Buffer | undefined {
  const none = Buffer.alloc(0)
  const parts: Buffer[] = []
  let size = 0
  for (let at = 0; parts.length < maxRecords; ) {
    if (bytes.length < at + 5) return undefined
    if (bytes[at] !== 0x16) return none
    const end = at + 5 + bytes.readUInt16BE(at + 3)
    const part = bytes.subarray(at + 5, end)
    parts.push(part)
    size += part.length
    const wanted = wantedBytes(parts, size)
    if (wanted === 'none') return none
    if (wanted !== undefined && size >= wanted) return Buffer.concat(parts).subarray(4, wanted)
    if (bytes.length < end) return undefined
    at = end
  }
  return none
}

/** The size of the message, said in its first four bytes; undefined: they are not there yet; none: it is no ClientHello. */
function wantedBytes(parts: readonly Buffer[], size: number): number | 'none' | undefined {
  const [first] = parts
  if (size < 4 || !first) return undefined
  const head = first.length >= 4 ? first : Buffer.concat(parts)
  const wanted = 4 + head.readUIntBE(1, 3)
  return head[0] === 1 && wanted <= maxHelloBytes ? wanted : 'none'
}

/** Version and random, then three lists with a length before each, then the extensions. */
function serverName(hello: Buffer): string | undefined {
  let at = 34
  at += 1 + (hello[at] ?? 0)
  at += at + 2 <= hello.length ? 2 + hello.readUInt16BE(at) : 2
  at += 1 + (hello[at] ?? 0)
  at += 2
  while (at + 4 <= hello.length) {
    const type = hello.readUInt16BE(at)
    const length = hello.readUInt16BE(at + 2)
    if (type === 0) return firstName(hello.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return undefined
}

function firstName(list: Buffer): string | undefined {
  if (list.length < 5 || list[2] !== 0) return undefined
  const name = list.subarray(5, 5 + list.readUInt16BE(3)).toString('latin1')
  return /^[\w.-]{1,253}$/.test(name) ? name.toLowerCase().replace(/\.$/, '') : undefined
}
