/**
 * A certificate that vouches for itself (X.509 v3, RFC 5280; ECDSA on P-256): what a TLS entry point answers with when
 * no file gives one, as Traefik does. Browsers warn of it; it lets a set of files be tried before there are others.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** PEM texts. `names` are host names or `*.host`; the first is also the subject. */
export function selfSigned(names: readonly string[], days = 365): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const body = certificateBody(names, days, publicKey)
  const signature = sign('sha256', body, privateKey)
  const der = sequence(body, algorithm, bitString(signature))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n').trim()}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function certificateBody(names: readonly string[], days: number, publicKey: KeyObject): Buffer {
  const name = sequence(tagged(0x31, sequence(objectId('550403'), tagged(0x0c, Buffer.from(names[0] ?? '')))))
  const now = Date.now()
  const alternatives = sequence(...names.map(host => tagged(0x82, Buffer.from(host, 'latin1'))))
  const constraints = sequence(tagged(0x01, Buffer.from([0xff])))
  return sequence(
    // Version 3.
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name,
    sequence(time(now - 3_600_000), time(now + days * 86_400_000)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(
      0xa3,
      sequence(
        sequence(objectId('551d11'), tagged(0x04, alternatives)),
        sequence(objectId('551d13'), tagged(0x04, constraints)),
      ),
    ),
  )
}

// DER (X.690): a tag, the length, the content.
function tagged(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const short = body.length < 128
  const size = Buffer.alloc(4)
  size.writeUInt32BE(body.length)
  const bytes = size.subarray(size.findIndex(byte => byte !== 0))
  const length = short
    ? Buffer.from([body.length])
    : Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes])
  return Buffer.concat([Buffer.from([tag]), length, body])
}

const sequence = (...content: Buffer[]): Buffer => tagged(0x30, ...content)
const objectId = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'))
const integer = (value: Buffer): Buffer => tagged(0x02, value)
const bitString = (value: Buffer): Buffer => tagged(0x03, Buffer.from([0]), value)
// ecdsa-with-SHA256
const algorithm = sequence(objectId('2a8648ce3d040302'))

/** UTCTime to the second; it ends in 2049. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)
  return tagged(0x17, Buffer.from(`${text}Z`))
}
