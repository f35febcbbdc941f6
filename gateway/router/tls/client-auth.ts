/** Certificates of clients, by the names that Go gives the ways to ask for them (crypto/tls, ClientAuthType). */
import { X509Certificate } from 'node:crypto'
import type { TlsOptions as NodeTlsOptions, TLSSocket } from 'node:tls'
import type { TlsOptions } from '../configuration/tls.ts'

export type ClientAuth = {
  node: Pick<NodeTlsOptions, 'requestCert' | 'rejectUnauthorized' | 'ca'>
  /** Asked once the handshake is through and before a byte of the request is looked at. */
  admits(socket: TLSSocket): boolean
}

const everybody = () => true
const presented = (socket: TLSSocket) => socket.getPeerX509Certificate() !== undefined

/** `readPem` gives a path's content. Throws an Error with a sentence for what cannot be. */
export function clientAuth(
  { caFiles, clientAuthType }: TlsOptions['clientAuth'],
  readPem: (file: string) => string,
): ClientAuth {
  const type = clientAuthType ?? (caFiles.length > 0 ? 'RequireAndVerifyClientCert' : 'NoClientCert')
  const ca = caFiles.map(file => authorities(readPem(file)))
  if (type.includes('Verify') && ca.length === 0) throw new Error(`${type} needs caFiles`)
  switch (type) {
    case 'NoClientCert':
      return { node: {}, admits: everybody }
    case 'RequestClientCert':
      return { node: { requestCert: true, rejectUnauthorized: false }, admits: everybody }
    case 'RequireAnyClientCert':
      return { node: { requestCert: true, rejectUnauthorized: false }, admits: presented }
    // node refuses a bad certificate and a missing one alike: which of them it is is looked at afterwards.
    case 'VerifyClientCertIfGiven':
      return {
        node: { requestCert: true, rejectUnauthorized: false, ca },
        admits: socket => socket.authorized || !presented(socket),
      }
    case 'RequireAndVerifyClientCert':
      return {
        node: { requestCert: true, rejectUnauthorized: true, ca },
        admits: socket => socket.authorized,
      }
  }
}

/** node takes any text for authorities and then trusts nobody, without a word. */
export function authorities(pem: string): string {
  try {
    new X509Certificate(pem)
    return pem
  } catch (cause) {
    throw new Error('there is no certificate in what should hold those of authorities', { cause })
  }
}
