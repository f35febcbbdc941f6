/** How a body is framed: what the words in `x-amz-content-sha256` that begin with STREAMING ask for. */
export type Framing = { signed: boolean; trailer: boolean }

const framings = new Map<string, Framing>([
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { signed: true, trailer: false }],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { signed: true, trailer: true }],
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { signed: false, trailer: true }],
])

/** undefined for a plain body. */
export function framingOf(payloadHash: string): Framing | undefined {
  return framings.get(payloadHash)
}
