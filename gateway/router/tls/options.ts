/** `tls.options` in the words of node's TLS: Go names versions, suites and curves in its own way. */
import { constants } from 'node:crypto'
import {
  getCiphers,
  type TlsOptions as NodeTlsOptions,
  type SecureContextOptions,
  type SecureVersion,
} from 'node:tls'
import type { TlsOptions } from '../configuration/tls.ts'

const versions: Record<TlsOptions['minVersion'], SecureVersion> = {
  VersionTLS10: 'TLSv1',
  VersionTLS11: 'TLSv1.1',
  VersionTLS12: 'TLSv1.2',
  VersionTLS13: 'TLSv1.3',
}

// Go does not let these be chosen: they are always on for TLS 1.3.
const always = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

const curves: Record<string, string> = {
  CurveP256: 'P-256',
  secp256r1: 'P-256',
  CurveP384: 'P-384',
  secp384r1: 'P-384',
  CurveP521: 'P-521',
  secp521r1: 'P-521',
  X25519: 'X25519',
  x25519: 'X25519',
}

type Versions = { [Name in 'minVersion' | 'maxVersion' | 'cipherSuites']?: TlsOptions[Name] | undefined }

/** The part that clients of servers have as well. Throws an Error for a suite that there is not. */
export function nodeVersions({ minVersion, maxVersion, cipherSuites }: Versions): SecureContextOptions {
  return {
    ...(minVersion && { minVersion: versions[minVersion] }),
    ...(maxVersion && { maxVersion: versions[maxVersion] }),
    ...(cipherSuites && {
      ciphers: [...new Set([...always, ...cipherSuites.map(opensslSuite)])].join(':'),
      honorCipherOrder: true,
    }),
  }
}

/** `readPem` gives a path's content. Throws an Error with a sentence for a name that means nothing here. */
export function nodeTlsOptions(options: TlsOptions, readPem: (file: string) => string): NodeTlsOptions {
  const { curvePreferences } = options
  return {
    ...nodeVersions(options),
    ...(curvePreferences && { ecdhCurve: curvePreferences.map(curve).join(':') }),
    ...(options.disableSessionTickets && { secureOptions: constants.SSL_OP_NO_TICKET }),
    ...clientAuth(options.clientAuth, readPem),
    ALPNProtocols: protocols(options.alpnProtocols),
    // A handshake that trickles in holds a socket for no reason.
    handshakeTimeout: 10_000,
  }
}

/** TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 → ECDHE-RSA-AES128-GCM-SHA256 */
function opensslSuite(name: string): string {
  const [, exchange = '', cipher = ''] = /^TLS_(\w+)_WITH_(\w+)$/.exec(name) ?? []
  const parts = cipher
    .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20_POLY1305')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace('_CBC', '')
  const made = always.includes(name)
    ? name
    : [...(exchange === 'RSA' ? [] : [exchange]), parts].join('-').replaceAll('_', '-')
  if (!getCiphers().includes(made.toLowerCase())) throw new Error(`there is no cipher suite "${name}" here`)
  return made
}

function curve(name: string): string {
  const known = Object.hasOwn(curves, name) ? curves[name] : undefined
  if (!known) throw new Error(`this router does not know the curve "${name}"`)
  return known
}

function protocols(names: readonly string[]): string[] {
  if (!names.includes('http/1.1')) throw new Error('this router speaks http/1.1: name it in alpnProtocols')
  return ['http/1.1']
}

function clientAuth(
  { caFiles, clientAuthType }: TlsOptions['clientAuth'],
  readPem: (file: string) => string,
): NodeTlsOptions {
  const type = clientAuthType ?? (caFiles.length > 0 ? 'RequireAndVerifyClientCert' : 'NoClientCert')
  if (type === 'NoClientCert') return {}
  // node either verifies a client's certificate or ignores that there is none; it has no third way.
  if (type === 'RequireAnyClientCert' || type === 'VerifyClientCertIfGiven')
    throw new Error(`this router does not know the clientAuthType "${type}"`)
  if (type === 'RequestClientCert') return { requestCert: true, rejectUnauthorized: false }
  if (caFiles.length === 0) throw new Error(`${type} needs caFiles`)
  return { requestCert: true, rejectUnauthorized: true, ca: caFiles.map(readPem) }
}
