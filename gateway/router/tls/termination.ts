/**
 * Where TLS ends: which certificate and which options a connection gets, from the server name it asks for.
 * A router's `tls.options` hold for the hosts of its rule; every other name gets those called `default`.
 */
import type { Socket } from 'node:net'
import { createServer, type Server, type TlsOptions as ServerOptions, type TLSSocket } from 'node:tls'
import type { DynamicConfiguration, Placed } from '../configuration/load.ts'
import { type CertificateFiles, defaultTlsOptions, type TlsOptions } from '../configuration/tls.ts'
import {
  type Certificate,
  createCertificateStore,
  type LoadedCertificate,
  loadCertificate,
  readPem,
} from './certificates.ts'
import { nodeTlsOptions, type ServerTls } from './options.ts'
import { selfSigned } from './self-signed.ts'

type OnSecure = (socket: TLSSocket) => void

/** `onSecure`, always the same, gets the connection once its handshake is through; a failed one is closed. */
export type Terminate = (socket: Socket, serverName: string | undefined, onSecure: OnSecure) => void

export type TlsTermination = {
  /** `optionsByHost`: of one entry point. */
  forHosts(optionsByHost: ReadonlyMap<string, string>): Terminate
  knows(options: string): boolean
  certificates: readonly LoadedCertificate[]
}

const optionsUsed = new WeakMap<object, string>()

/** The name of the options that a connection's handshake was made with; undefined: no TLS. */
export function tlsOptionsOf(socket: object): string | undefined {
  return optionsUsed.get(socket)
}

/** `report` takes what is wrong: a missing file, a key that is another's, an unknown suite. */
export function createTlsTermination(
  { tls }: DynamicConfiguration,
  report: (place: Placed<unknown>, error: unknown) => void,
): TlsTermination {
  const load = (place: Placed<CertificateFiles>): LoadedCertificate[] =>
    attempt(() => [loadCertificate(place.value, place.file)], place, report) ?? []
  const [fallback] = tls.defaultCertificate ? load(tls.defaultCertificate) : []
  const store = createCertificateStore(tls.certificates.flatMap(load), fallback)
  let generated: Certificate | undefined
  const lastResort = () => {
    generated ??= { ...selfSigned(['gateway.default']), names: [] }
    return generated
  }
  const standard = { options: defaultTlsOptions, server: nodeTlsOptions(defaultTlsOptions, String) }
  const sets = new Map<string, { options: TlsOptions; server: ServerTls }>([['default', standard]])
  for (const [name, place] of tls.options) {
    const server = attempt(() => nodeTlsOptions(place.value, pem => readPem(pem, place.file)), place, report)
    if (server) sets.set(name, { options: place.value, server })
  }
  return {
    knows: name => sets.has(name),
    certificates: store.all,
    forHosts: optionsByHost => {
      // One for each set and certificate, with keys for its session tickets that no other has: a session of a host where
      // clients show no certificate is not gone on with at one where they must.
      const servers = new Map<string, Map<Certificate, Server>>()
      const serverFor = (name: string, certificate: Certificate, onSecure: OnSecure): Server => {
        const known = servers.get(name)?.get(certificate)
        if (known) return known
        const { cert, key } = certificate
        const { node, admits } = (sets.get(name) ?? standard).server
        const made = createTlsServer(name, { ...node, cert, key }, socket =>
          admits(socket) ? onSecure(socket) : void socket.destroy(),
        )
        servers.set(name, (servers.get(name) ?? new Map<Certificate, Server>()).set(certificate, made))
        return made
      }
      return (socket, serverName, onSecure) => {
        const wanted = (serverName === undefined ? undefined : optionsByHost.get(serverName)) ?? 'default'
        const { options } = sets.get(wanted) ?? standard
        const found = store.find(serverName, socket.localAddress)
        const certificate = found ?? (options.sniStrict ? undefined : (store.fallback ?? lastResort()))
        if (!certificate) return refuse(socket)
        serverFor(wanted, certificate, onSecure).emit('connection', socket)
      }
    },
  }
}

function attempt<Result>(
  make: () => Result,
  place: Placed<unknown>,
  report: (place: Placed<unknown>, error: unknown) => void,
): Result | undefined {
  try {
    return make()
  } catch (error) {
    report(place, error)
    return undefined
  }
}

/** Never listens: connections are handed to it once their server name is known. */
function createTlsServer(name: string, options: ServerOptions, onSecure: OnSecure): Server {
  const server = createServer({ ...options, allowHalfOpen: true }, socket => {
    optionsUsed.set(socket, name)
    onSecure(socket)
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return server
}

// Alert, TLS 1.2, two bytes: fatal, unrecognized_name (RFC 8446, 6.2).
const unrecognizedName = Buffer.from([21, 3, 3, 0, 2, 2, 112])

function refuse(socket: Socket): void {
  socket.end(unrecognizedName)
  socket.once('finish', () => socket.destroy())
}
