/** The attacks of this folder as bytes. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'

export type Attack = {
  file: string
  name: string
  bytes: Buffer
  /** Sent again and again after `bytes`; the connection must end all the same. */
  drip?: Buffer
  /** Not merely harmless: it must be refused, or cut off, by both routers or by gateway/router. */
  refused: Refused
}

const text = z.string()
const refusedBy = z.enum(['both', 'here', 'no'])
type Refused = z.infer<typeof refusedBy>
const schema = z.strictObject({
  /** Of all requests of the file that do not say otherwise. */
  refused: refusedBy.default('no'),
  targets: z.array(text).default([]),
  requests: z
    .array(
      z.strictObject({
        name: text,
        refused: refusedBy.optional(),
        line: text.optional(),
        method: text.default('POST'),
        version: text.default('HTTP/1.1'),
        head: z.array(text),
        body: text.default(''),
      }),
    )
    .default([]),
  headers: z.array(z.record(text, text)).default([]),
  lines: z.array(text).default([]),
  connection: z.array(text).default([]),
  slow: z.array(z.strictObject({ name: text, start: text, drip: text })).default([]),
})

const inner = 'GET /v1/core/keys HTTP/1.1\r\nHost: test\r\n\r\n'
const files = ['paths', 'smuggling', 'identity', 'hosts', 'bounds'] as const

export function readAttacks(): Attack[] {
  return files.flatMap(file => {
    const source = readFileSync(new URL(`${file}.yml`, import.meta.url), 'utf8')
    const parsed = schema.parse(parse(source))
    const { targets, requests, headers, lines, connection, slow } = parsed
    const attack = (name: string, whole: string, refused: Refused = 'no', drip?: string): Attack => ({
      file,
      name,
      bytes: bytesOf(whole),
      ...(drip !== undefined && { drip: bytesOf(drip) }),
      refused,
    })
    const forged = headers.map(one =>
      Object.entries(one)
        .map(([name, value]) => `${name}: ${value}`)
        .join('\r\n'),
    )
    return [
      ...targets.map(target => attack(target, plain(`GET ${target} HTTP/1.1`))),
      ...requests.map(({ name, refused, line, method, version, head, body }) => {
        const opening = line ?? `${method} /l/x ${version}\r\nHost: test`
        const whole = `${[opening, ...head].join('\r\n')}\r\n\r\n${body}`
        return attack(name, whole, refused ?? parsed.refused)
      }),
      ...[
        ...forged,
        ...(forged.length > 0 ? [forged.join('\r\n')] : []),
        ...forged.map(one => `${one}\r\n${one}`),
      ].map(one => attack(one.slice(0, 60), plain(`GET /l/x HTTP/1.1`, one))),
      ...lines.map(one => attack(one.slice(0, 60), plain(`GET /l/x HTTP/1.1`, one), 'here')),
      ...connection.map(one =>
        attack(
          one,
          `GET /l/x HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: forged\r\nX-Auth-Subject: forged\r\nConnection: ${one}\r\n\r\n`,
        ),
      ),
      ...slow.map(({ name, start, drip }) => attack(name, start, 'both', drip)),
    ]
  })
}

function plain(line: string, more?: string): string {
  return [line, 'Host: test', ...(more === undefined ? [] : [more]), 'Connection: close', '', ''].join('\r\n')
}

function bytesOf(written: string): Buffer {
  let whole = written
  // Innermost first.
  for (let before = ''; before !== whole; ) {
    before = whole
    whole = whole.replace(/\{([^{}]+)\*(\d+)\}/g, (_, unit: string, times: string) =>
      unit.repeat(Number(times)),
    )
  }
  const filled = whole.replaceAll('{inner}', inner).replaceAll('{length}', String(inner.length))
  return Buffer.from(filled, 'latin1')
}
