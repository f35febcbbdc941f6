/** For tests: a certificate that nobody vouches for, made anew each time. RFC 5280, in DER. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export type Certificate = { key: string; cert: string }

/** For `commonName`, from yesterday until tomorrow. */
export function selfSigned(commonName = 'localhost'): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const body = tag(
    0x30,
    tag(0xa0, tag(0x02, Buffer.from([2]))),
    // A serial number is positive.
    tag(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    name(commonName),
    tag(0x30, time(-1), time(1)),
    name(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = tag(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  const der = tag(0x30, body, ecdsaWithSha256, signature)
  return {
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`,
  }
}

function tag(type: number, ...content: Buffer[]): Buffer {
  const inside = Buffer.concat(content)
  const { length } = inside
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([type, ...size]), inside])
}

/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = tag(0x30, tag(0x06, Buffer.from('2a8648ce3d040302', 'hex')))

function name(commonName: string): Buffer {
  // 2.5.4.3
  const type = tag(0x06, Buffer.from('550403', 'hex'))
  return tag(0x30, tag(0x31, tag(0x30, type, tag(0x0c, Buffer.from(commonName)))))
}

function time(days: number): Buffer {
  const at = new Date(Date.now() + days * 86_400_000).toISOString()
  return tag(0x17, Buffer.from(`${at.slice(2, 19).replace(/[-:T]/g, '')}Z`))
}
