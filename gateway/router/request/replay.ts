/** Requests that the router makes itself for a service in this process: an error page, a body read before. */
import type { Exchange } from './exchange.ts'
import { GatewayRequest } from './request.ts'

/** A request like `exchange.request` on the same connection, whose body is `body`. */
export function replay(exchange: Exchange, body: Buffer | undefined): GatewayRequest {
  const made = new GatewayRequest(exchange.request.socket)
  made.method = exchange.method
  made.httpVersion = exchange.request.httpVersion
  made.httpVersionMajor = exchange.request.httpVersionMajor
  made.httpVersionMinor = exchange.request.httpVersionMinor
  // Complete: reading it must not wait for, nor closing it destroy, the connection.
  made.complete = true
  if (body && body.length > 0) made.push(body)
  made.push(null)
  return made
}

export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge'
}

/**
 * The whole body, at most `limit` bytes (0: any). BodyTooLarge: the request is as it was, its body still to be read.
 */
export async function readBody(request: GatewayRequest, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  return new Promise((resolve, reject) => {
    const finish = (error?: Error) => {
      request.off('readable', onReadable).off('end', onEnd).off('error', finish).off('close', onClose)
      if (error) reject(error)
      else resolve(Buffer.concat(chunks, size))
    }
    // Not by 'data': a stream that was made to flow and stopped does not flow again for its next reader.
    const onReadable = () => {
      for (let chunk = request.read(); chunk !== null; chunk = request.read()) {
        chunks.push(chunk)
        size += chunk.length
        if (limit === 0 || size <= limit) continue
        request.unshift(Buffer.concat(chunks.splice(0)))
        return finish(new BodyTooLarge(`the body is larger than ${limit} bytes`))
      }
    }
    const onEnd = () => finish()
    const onClose = () => finish(new Error('the client went away within the body'))
    request.on('readable', onReadable).on('end', onEnd).on('error', finish).on('close', onClose)
  })
}

/** The length that the head announces; undefined for chunked bodies, 0 for none. */
export function announcedLength({ headers }: Exchange): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined
  const length = headers['content-length']
  return length === undefined ? 0 : Number(length)
}

/** What is counted of the body: its announced length, or what has come of a chunked one. */
export function receivedBytes(exchange: Exchange): number {
  return announcedLength(exchange) || exchange.request.bodyBytes
}
