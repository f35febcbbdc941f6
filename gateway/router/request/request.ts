/**
 * node's request, of which an app in this process sees what the router made. Its list of raw headers is written when an app
 * looks at it: most never do.
 */
import { IncomingMessage } from 'node:http'
import { type RequestHeaders, rawHeaders } from './headers.ts'

export class GatewayRequest extends IncomingMessage {
  // Set by node's constructor, through `rawHeaders` below: a field here would overwrite it.
  declare list: string[]
  declare shown: RequestHeaders | undefined
  /** Of the body, as far as they have come. */
  declare bodyBytes: number

  /** What `headers` and `rawHeaders` are from here on. */
  show(joined: Record<string, string>, headers: RequestHeaders): void {
    this.headers = joined
    this.shown = headers
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (chunk !== null) this.bodyBytes += chunk.length
    return super.push(chunk, encoding)
  }
}

// Most have no body: none of their own to begin with.
GatewayRequest.prototype.bodyBytes = 0

// node assigns to it as to any property: an accessor of the prototype takes that.
Object.defineProperty(GatewayRequest.prototype, 'rawHeaders', {
  configurable: true,
  get(this: GatewayRequest): string[] {
    if (this.shown) {
      this.list = rawHeaders(this.shown)
      this.shown = undefined
    }
    return this.list
  },
  set(this: GatewayRequest, list: string[]) {
    this.list = list
  },
})

/**
 * Where no body comes, the server's `optimizeEmptyRequests` has ended it before anyone can listen, and nothing more is
 * emitted. Who listens for the end all the same is told of it, as of an end that is still to come.
 */
function listen(this: GatewayRequest, event: string, listener: () => void): GatewayRequest {
  Reflect.apply(IncomingMessage.prototype.on, this, [event, listener])
  if (this.readableEnded && this.destroyed && (event === 'end' || event === 'close'))
    process.nextTick(() => {
      if (this.rawListeners(event).includes(listener)) listener.call(this)
    })
  return this
}
for (const name of ['on', 'addListener'])
  Object.defineProperty(GatewayRequest.prototype, name, { configurable: true, writable: true, value: listen })
