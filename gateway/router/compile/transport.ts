/** `http.serversTransports` → connections to servers. https://undici.nodejs.org/#/docs/api/Agent */
import { Agent, type Dispatcher } from 'undici'
import type { ServersTransport } from '../configuration/dynamic.ts'
import type { Transport } from '../services/upstream.ts'
import { readPem } from '../tls/certificates.ts'
import { nodeVersions } from '../tls/options.ts'

/** `file`: where the transport stands; relative paths count from there. Throws an Error for files that cannot be read. */
export function createTransport(options: ServersTransport, file: string): Transport {
  const { dialTimeout, responseHeaderTimeout } = options.forwardingTimeouts
  const tls = tlsOptions(options, file)
  return {
    dispatcher: createDispatcher(options, tls),
    upgrades: { tls, dialTimeoutMs: dialTimeout, headersTimeoutMs: responseHeaderTimeout },
  }
}

function tlsOptions(options: ServersTransport, file: string) {
  const { rootCAs, certificates, serverName } = options
  return {
    rejectUnauthorized: !options.insecureSkipVerify,
    ...nodeVersions(options),
    ...(serverName && { servername: serverName }),
    ...(rootCAs.length > 0 && { ca: rootCAs.map(one => readPem(one, file)) }),
    ...(certificates.length > 0 && {
      cert: certificates.map(one => readPem(one.certFile, file)),
      key: certificates.map(one => readPem(one.keyFile, file)),
    }),
  }
}

function createDispatcher(options: ServersTransport, tls: ReturnType<typeof tlsOptions>): Dispatcher {
  const { dialTimeout, responseHeaderTimeout, idleConnTimeout } = options.forwardingTimeouts
  return new Agent({
    connect: { ...tls, timeout: dialTimeout },
    headersTimeout: responseHeaderTimeout,
    // A stream may be silent for as long as it likes; the client or the service ends it.
    bodyTimeout: 0,
    keepAliveTimeout: Math.max(1, idleConnTimeout),
    keepAliveMaxTimeout: Math.max(1, idleConnTimeout),
    // 0: every request has a connection of its own.
    pipelining: options.maxIdleConnsPerHost < 0 ? 0 : 1,
  })
}
