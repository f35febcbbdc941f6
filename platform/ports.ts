/** Free ports: told in a sentence before anything is started, not as a stack trace after. */
import { createServer, type Server } from 'node:net'

/** Nobody else gets the port until it is released, just before its server listens. */
export type HeldPort = { port: number; release(): Promise<void> }

/** The port itself, or a free one for 0. Throws a sentence when it is taken. */
export async function holdPort(port: number, option: string, host = '127.0.0.1'): Promise<HeldPort> {
  const server = await listening(port, host).catch(error => {
    const code = 'code' in error ? error.code : ''
    if (code === 'EADDRINUSE')
      throw new Error(`Port ${port} is taken. Stop what uses it, or choose another with ${option}.`)
    if (code === 'EACCES')
      throw new Error(`Port ${port} is not allowed here. Choose one from 1024 with ${option}.`)
    throw error
  })
  const address = server.address()
  let released: Promise<void> | undefined
  const release = () => {
    released ??= new Promise<void>(resolve => server.close(() => resolve()))
    return released
  }
  return { port: typeof address === 'object' && address ? address.port : port, release }
}

/** Who calls too early finds a closed door, as if nothing were there yet. */
function listening(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy())
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}
