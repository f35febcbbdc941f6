/** Calls to the gateway: one key, one trace for the whole run, problems as sentences. */
import { randomBytes } from 'node:crypto'

export type Gateway = {
  url: string
  traceId: string
  /** JSON in, JSON out. Throws the sentence of a problem. */
  call: <Answer>(method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>
  /** The answer as it is. Throws for a problem, as `call` does. */
  fetch: (method: 'GET' | 'POST', path: string, options?: FetchOptions) => Promise<Response>
}

type FetchOptions = { body?: object; headers?: Record<string, string> }

type ProblemBody = { detail?: string; request_id?: string; errors?: { path: string; message: string }[] }

export function createGateway({ gatewayUrl: url, key }: { gatewayUrl: string; key: string }): Gateway {
  const traceId = randomBytes(16).toString('hex')

  async function fetchGateway(
    method: 'GET' | 'POST',
    path: string,
    { body, headers }: FetchOptions = {},
  ): Promise<Response> {
    const answer = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    }).catch(cause => {
      throw new Error(`Nothing answers at ${url} (${reasonOf(cause)}). Is the platform running?`, { cause })
    })
    if (answer.status >= 400) throw new Error(await sentenceOf(answer, `${method} ${path}`))
    return answer
  }

  return {
    url,
    traceId,
    fetch: fetchGateway,
    call: async <Answer>(method: 'GET' | 'POST', path: string, body?: object) => {
      const answer = await fetchGateway(method, path, body ? { body } : {})
      return (await answer.json()) as Answer
    },
  }
}

function reasonOf(error: Error): string {
  const cause = error.cause as { code?: string; message?: string } | undefined
  return cause?.code ?? cause?.message ?? error.message
}

async function sentenceOf(answer: Response, call: string): Promise<string> {
  const text = await answer.text()
  let problem: ProblemBody = {}
  try {
    problem = JSON.parse(text)
  } catch {
    // Some proxy in between answered.
  }
  const what = problem.detail ?? (text.slice(0, 200) || answer.statusText)
  const request = problem.request_id ? ` (request ${problem.request_id})` : ''
  if (answer.status === 401) return `The key is not accepted: ${what}${request}`
  return `${what}\n${call} answered ${answer.status}${request}`
}
