/**
 * `http.serversTransports` → connections to servers.
 * https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/serverstransport/
 */
import { X509Certificate } from 'node:crypto'
import { type ConnectionOptions, createSecureContext } from 'node:tls'
import type { ServersTransport } from '../configuration/dynamic.ts'
import type { Transport } from '../services/upstream.ts'
import { readPem } from '../tls/certificates.ts'
import { nodeVersions } from '../tls/options.ts'
import { createPool, type Pool } from '../upstream/pool.ts'

// Where the file does not say how many connections are kept for later.
const defaultIdle = 1000

/** `file`: where the transport stands; relative paths count from there. Throws an Error for files that cannot be read. */
export function createTransport(options: ServersTransport, file: string): Transport {
  const { dialTimeout, responseHeaderTimeout, idleConnTimeout } = options.forwardingTimeouts
  const { maxIdleConnsPerHost: kept } = options
  const tls = tlsOptions(options, file)
  const pools = new Map<string, Pool>()
  const openPool = (origin: string) => {
    const { protocol, hostname, port } = new URL(origin)
    const secure = protocol === 'https:'
    return createPool({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || (secure ? 443 : 80)),
      tls: secure ? tls : undefined,
      dialTimeoutMs: dialTimeout,
      answerTimeoutMs: responseHeaderTimeout,
      single: kept < 0,
      maxIdle: kept > 0 ? kept : defaultIdle,
      idleMs: idleConnTimeout,
    })
  }
  return {
    openPool,
    poolFor(origin) {
      const pool = pools.get(origin) ?? openPool(origin)
      pools.set(origin, pool)
      return pool
    },
    upgrades: { tls, dialTimeoutMs: dialTimeout, headersTimeoutMs: responseHeaderTimeout },
    close() {
      for (const pool of pools.values()) pool.close()
    },
  }
}

/** Certificates are read and understood once: what is none is a fault of the file, not of every connection. */
function tlsOptions(options: ServersTransport, file: string): ConnectionOptions {
  const { rootCAs, certificates, serverName } = options
  const own = {
    ...nodeVersions(options),
    ...(rootCAs.length > 0 && { ca: rootCAs.map(one => authority(readPem(one, file))) }),
    ...(certificates.length > 0 && {
      cert: certificates.map(one => readPem(one.certFile, file)),
      key: certificates.map(one => readPem(one.keyFile, file)),
    }),
  }
  return {
    rejectUnauthorized: !options.insecureSkipVerify,
    ...(serverName && { servername: serverName }),
    ...(own.ca || own.cert ? { secureContext: createSecureContext(own) } : own),
  }
}

/** node passes over an authority that it cannot read. */
function authority(pem: string): string {
  new X509Certificate(pem)
  return pem
}
