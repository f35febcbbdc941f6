/** What a connection's TLS is called in Traefik's logs and metrics. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

export type TlsNames = { version: string; cipher: string }

/** `1.3` and `TLS_AES_128_GCM_SHA256`, as Go has them. */
export function tlsNames(socket: Socket): TlsNames {
  const { getProtocol, getCipher } = socket as TLSSocket
  const version = getProtocol.call(socket)?.replace('TLSv', '') ?? ''
  return { version, cipher: getCipher.call(socket)?.standardName ?? '' }
}
