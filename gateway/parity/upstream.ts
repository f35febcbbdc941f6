/** A service behind both routers that answers with the very bytes its target asks for (corpus/upstream.ts). */
import { type AddressInfo, createServer, type Socket } from 'node:net'

export async function startUpstream(): Promise<{ url: string; close(): void }> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let held = ''
    socket.on('data', chunk => {
      held += chunk.toString('latin1')
      // Requests have no body.
      for (let end = held.indexOf('\r\n\r\n'); end >= 0; end = held.indexOf('\r\n\r\n')) {
        answer(socket, held.slice(0, end))
        held = held.slice(end + 4)
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function answer(socket: Socket, head: string): void {
  const query = new URLSearchParams(head.split(' ')[1]?.split('?')[1])
  const bytes = Buffer.from(query.get('bytes') ?? '', 'base64url').toString('latin1')
  socket.write(
    bytes.replace('{}', () => 'x'.repeat(Number(query.get('large') ?? 0))),
    'latin1',
  )
  if (query.has('closes')) socket.end()
}
