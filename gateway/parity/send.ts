/** Bytes to one of the two routers, and what comes back until the connection closes. */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** `tls`: the certificate's subject and the protocol; undefined for plain connections; `refused`: no handshake. */
export type Sent = { bytes: Buffer; tls: string | undefined }

// Long enough for every answer; what stays open longer has nothing more to say.
const patienceMs = 1500
// After an upgrade nobody closes: an answer is over when nothing has come for this long.
const quietMs = 150

export type SendOptions = { serverName?: string | undefined; staysOpen?: boolean }

export function send(
  port: number | undefined,
  bytes: Buffer,
  { serverName, staysOpen = false }: SendOptions = {},
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    if (port === undefined) return reject(new Error('the entry point is not open'))
    const chunks: Buffer[] = []
    let tls: string | undefined
    let socket: Socket
    const finish = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ bytes: Buffer.concat(chunks), tls })
    }
    let timer = setTimeout(finish, patienceMs)
    if (serverName === undefined) {
      socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    } else {
      tls = 'refused'
      const options = { port, host: '127.0.0.1', rejectUnauthorized: false }
      const secure = connectTls({ ...options, ...(serverName && { servername: serverName }) }, () => {
        tls = `${secure.getPeerX509Certificate()?.subject} ${secure.getProtocol()}`
        secure.write(bytes)
      })
      socket = secure
    }
    socket.on('data', chunk => {
      chunks.push(chunk)
      if (!staysOpen) return
      clearTimeout(timer)
      timer = setTimeout(finish, quietMs)
    })
    socket.on('close', finish)
    socket.on('error', finish)
  })
}
