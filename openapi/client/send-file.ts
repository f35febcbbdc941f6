/** A file, or a part of one, to a presigned URL. */
import { createReadStream } from 'node:fs'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

export type Sending = {
  file: string
  url: string
  headers: Record<string, string>
  /** Bytes of the file, both ends inclusive. */
  range: { start: number; end: number }
  /** Told of the bytes of each chunk that was handed to the network. */
  onBytes: (count: number) => void
}

export type Answer = { status: number; code: string | undefined; message: string }

/** How long a store may take to say "go on" before we do so without. */
const continueMs = 1_000

/**
 * PUTs it and gives the store's answer, whatever it is. Waits for `100 Continue`, so a store that refuses (the URL has
 * expired, the file is there already) says so before gigabytes have been sent.
 */
export async function sendFile(sending: Sending): Promise<Answer> {
  const { url, range } = sending
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const length = String(range.end - range.start + 1)
  const headers = { ...sending.headers, 'content-length': length, expect: '100-continue' }
  const request = send(url, { method: 'PUT', headers })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  // Of two that fail together the answer is the one to be told; the other must not end the process.
  answered.catch(() => {})
  request.flushHeaders()
  const early = await Promise.race([goOn(request), answered])
  if (!early) await sendBody(sending, request, answered)
  const answer = await answered.catch(cause => {
    throw new Error(`The connection to the store broke (${cause.code ?? cause.message}). Run this again.`, {
      cause,
    })
  })
  const body = await text(answer)
  request.destroy()
  const of = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1]
  return { status: answer.statusCode ?? 0, code: of('Code'), message: of('Message') ?? body.slice(0, 200) }
}

function goOn(request: ClientRequest): Promise<undefined> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(undefined), continueMs)
    request.once('continue', () => resolve(undefined))
    request.once('close', () => clearTimeout(timer))
  })
}

/** Ends when all is sent, or when the store answers in the middle: then it has refused, and its answer counts. */
async function sendBody(
  { file, range, onBytes }: Sending,
  request: ClientRequest,
  answered: Promise<IncomingMessage>,
): Promise<void> {
  let fault: unknown
  async function* fileBytes(): AsyncGenerator<Buffer> {
    let left = range.end - range.start + 1
    try {
      for await (const chunk of createReadStream(file, { ...range, highWaterMark: 256 * 1024 })) {
        left -= chunk.length
        onBytes(chunk.length)
        yield chunk
      }
      // The announced length is not coming: better an end now than a minute of silence.
      if (left > 0) throw new Error('The file has become shorter while it was sent. Run this again.')
    } catch (error) {
      fault = error
      throw error
    }
  }
  const sent = pipeline(fileBytes, request).catch(() => {})
  await Promise.race([sent, answered.catch(() => {})])
  if (fault) throw fault
}
