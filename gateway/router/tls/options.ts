/** `tls.options` in the words of node's TLS: Go names versions, suites and curves in its own way. */
import { constants } from 'node:crypto'
import {
  createSecureContext,
  type TlsOptions as NodeTlsOptions,
  type SecureContextOptions,
  type SecureVersion,
} from 'node:tls'
import type { TlsOptions } from '../configuration/tls.ts'
import { defaultSuites, opensslSuites } from './cipher-suites.ts'
import { type ClientAuth, clientAuth } from './client-auth.ts'

const versions: Record<TlsOptions['minVersion'], SecureVersion> = {
  VersionTLS10: 'TLSv1',
  VersionTLS11: 'TLSv1.1',
  VersionTLS12: 'TLSv1.2',
  VersionTLS13: 'TLSv1.3',
}

const curves: Record<string, string> = {
  CurveP256: 'P-256',
  secp256r1: 'P-256',
  CurveP384: 'P-384',
  secp384r1: 'P-384',
  CurveP521: 'P-521',
  secp521r1: 'P-521',
  X25519: 'X25519',
  x25519: 'X25519',
  X25519MLKEM768: 'X25519MLKEM768',
  x25519mlkem768: 'X25519MLKEM768',
  SecP256r1MLKEM768: 'SecP256r1MLKEM768',
  secp256r1mlkem768: 'SecP256r1MLKEM768',
  SecP384r1MLKEM1024: 'SecP384r1MLKEM1024',
  secp384r1mlkem1024: 'SecP384r1MLKEM1024',
}

type Versions = { [Name in 'minVersion' | 'maxVersion' | 'cipherSuites']?: TlsOptions[Name] | undefined }

/** The part that clients of servers have as well. Throws an Error with a sentence for what cannot be. */
export function nodeVersions({ minVersion, maxVersion, cipherSuites }: Versions): SecureContextOptions {
  if (minVersion && maxVersion && minVersion > maxVersion)
    throw new Error(`no version is from ${minVersion} to ${maxVersion}`)
  return {
    ...(minVersion && { minVersion: versions[minVersion] }),
    ...(maxVersion && { maxVersion: versions[maxVersion] }),
    ...(cipherSuites && { ciphers: opensslSuites(cipherSuites), honorCipherOrder: true }),
  }
}

/** Of a server, without its certificate. */
export type ServerTls = { node: NodeTlsOptions; admits: ClientAuth['admits'] }

/** `readPem` gives a path's content. Throws an Error with a sentence for a name that means nothing here. */
export function nodeTlsOptions(options: TlsOptions, readPem: (file: string) => string): ServerTls {
  const { curvePreferences, cipherSuites = defaultSuites } = options
  const { ciphers, ...fixed } = nodeVersions({ ...options, cipherSuites })
  // OpenSSL has the versions before 1.2, which sign with SHA-1, for those only who say that they know.
  const old = options.minVersion < 'VersionTLS12' ? ':@SECLEVEL=0' : ''
  const { node, admits } = clientAuth(options.clientAuth, readPem)
  const made: NodeTlsOptions = {
    ...fixed,
    ciphers: `${ciphers}${old}`,
    ...(curvePreferences && { ecdhCurve: curvePreferences.map(curve).join(':') }),
    ...(options.disableSessionTickets && { secureOptions: constants.SSL_OP_NO_TICKET }),
    ...node,
    ALPNProtocols: protocols(options.alpnProtocols),
    // A handshake that trickles in holds a socket for no reason.
    handshakeTimeout: 10_000,
  }
  // What is wrong is told when the files are read, not to the first who connects.
  createSecureContext(made)
  return { node: made, admits }
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
