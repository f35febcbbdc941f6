/** Certificates by the names that they are for: an exact name first, then `*.name`, then the default. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { CertificateFiles } from '../configuration/tls.ts'

export type Certificate = { cert: string; key: string; names: readonly string[] }
export type LoadedCertificate = Certificate & { x509: X509Certificate }

/** PEM text as it is; anything else is a path, counted from the folder of `file`. */
export function readPem(value: string, file: string): string {
  return value.includes('-----BEGIN') ? value : readFileSync(resolve(dirname(file), value), 'utf8')
}

/** Throws an Error with a sentence for files that cannot be read or do not belong together. */
export function loadCertificate({ certFile, keyFile }: CertificateFiles, file: string): LoadedCertificate {
  const cert = readPem(certFile, file)
  const key = readPem(keyFile, file)
  // Refuses a key that is not the certificate's.
  createSecureContext({ cert, key })
  const x509 = new X509Certificate(cert)
  return { cert, key, names: namesOf(x509), x509 }
}

function namesOf({ subject, subjectAltName = '' }: X509Certificate): string[] {
  const alternatives = subjectAltName
    .split(', ')
    .flatMap(entry => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? [])
    .map(plainAddress)
  const common = /^CN=(.+)$/m.exec(subject ?? '')?.[1]
  return [...new Set([...alternatives, ...(common ? [common] : [])].map(name => name.toLowerCase()))]
}

/**
 * An address as everybody writes it: certificates have `0:0:0:0:0:0:0:1` for `::1`, and a socket that takes both kinds has
 * `::ffff:127.0.0.1` for an IPv4 one. Other names are left as they are.
 */
export function plainAddress(name: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(name)?.[1]
  if (mapped) return mapped
  const address = name.replace(/%.*$/, '')
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : name
}

export type CertificateStore = {
  /** For `serverName`, or for the address that the client connected to when it names none. */
  find(serverName: string | undefined, localAddress: string | undefined): Certificate | undefined
  readonly fallback: Certificate | undefined
  readonly all: readonly LoadedCertificate[]
}

export function createCertificateStore(
  certificates: readonly LoadedCertificate[],
  fallback: LoadedCertificate | undefined,
): CertificateStore {
  const byName = new Map<string, Certificate>()
  for (const certificate of certificates)
    for (const name of certificate.names) if (!byName.has(name)) byName.set(name, certificate)
  return {
    fallback,
    all: fallback ? [...certificates, fallback] : certificates,
    find: (serverName, localAddress) => {
      const name = serverName ?? plainAddress(localAddress ?? '')
      return byName.get(name) ?? byName.get(name.replace(/^[^.]+/, '*'))
    },
  }
}
