/** Free ports: told in a sentence before anything is started, not as a stack trace after. */
import { createServer } from 'node:net'

/** The port itself, or a free one for 0. Throws a sentence when it is taken. */
export function freePort(port: number, option: string, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', error => {
      const code = 'code' in error ? error.code : ''
      if (code === 'EADDRINUSE')
        reject(new Error(`Port ${port} is taken. Stop what uses it, or choose another with ${option}.`))
      else if (code === 'EACCES')
        reject(new Error(`Port ${port} is not allowed here. Choose one from 1024 with ${option}.`))
      else reject(error)
    })
    server.listen(port, host, () => {
      const address = server.address()
      const found = typeof address === 'object' && address ? address.port : port
      server.close(() => resolve(found))
    })
  })
}
