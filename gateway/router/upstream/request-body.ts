/** The body of a request on its way to a server: as it comes, at the pace of the slower side. */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { UpstreamError } from './upstream-error.ts'

export type BodyEnd = {
  onWritten(): void
  onFault(error: UpstreamError): void
}

/** `length` undefined: in chunks. Gives what stops it; what is left of the body then is read by nobody and dropped. */
export function writeBody(
  body: Readable,
  length: number | undefined,
  socket: Socket,
  { onWritten, onFault }: BodyEnd,
): () => void {
  let written = 0
  const resume = () => void body.resume()
  const onData = (bytes: Buffer) => {
    written += bytes.length
    if (length !== undefined && written > length) return fail('the body is longer than its length')
    const free = length === undefined ? writeChunk(socket, bytes) : socket.write(bytes)
    if (free) return
    body.pause()
    socket.once('drain', resume)
  }
  const onEnd = () => {
    if (length !== undefined && written < length) return fail('the body is shorter than its length')
    detach()
    if (length === undefined) socket.write('0\r\n\r\n', 'latin1')
    onWritten()
  }
  const onBreak = () => fail('the body breaks off')
  const fail = (message: string) => {
    stop()
    onFault(new UpstreamError('UPSTREAM_REQUEST', message))
  }
  const detach = () => {
    body.off('data', onData).off('end', onEnd).off('error', onBreak).off('close', onBreak)
    socket.off('drain', resume)
  }
  const stop = () => {
    detach()
    // Its errors are nobody's now.
    body.on('error', () => {})
    body.resume()
  }
  body.on('data', onData).on('end', onEnd).on('error', onBreak).on('close', onBreak)
  // It says so only once: what ended before is told of by GatewayRequest, what broke off before is not.
  if (body.destroyed && !body.readableEnded)
    process.nextTick(() => body.listeners('close').includes(onBreak) && onBreak())
  else body.resume()
  return stop
}

function writeChunk(socket: Socket, bytes: Buffer): boolean {
  socket.cork()
  socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1')
  socket.write(bytes)
  const free = socket.write('\r\n', 'latin1')
  socket.uncork()
  return free
}
