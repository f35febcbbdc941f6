/**
 * GraphiQL, on the operator's loopback port. It comes by ruru, a build that is served from node_modules: nothing is
 * loaded from another host. A key goes into its "Headers" tab, and stays in the browser.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
// biome-ignore lint/suspicious/noDeprecatedImports: deprecated is its call with two arguments
import { type RuruClientConfig, ruruHTML } from 'ruru/server'
import { serveStatic } from 'ruru/static'

const page = '/graphiql'
const staticPath = `${page}/static/`

const defaultQuery = `# GraphQL over the published prices. Put a key into "Headers" below, then run this:
#   {"Authorization": "Bearer glm_..."}
query CheapestBrainMri {
  rates(
    where: {charge: {item: {codes: {code_normalised: {_eq: "70551"}}}}}
    order_by: {negotiated_dollar: asc}
    limit: 20
  ) {
    negotiated_dollar
    payer { name }
    plan { name }
    file { hospital_name }
  }
}
`

// Its types build on those of a package that it does not bring along; every setting is optional.
const clientConfig = { defaultQuery, defaultHeaders: '{"Authorization": "Bearer "}' } as RuruClientConfig

/** Answers what is below /graphiql; false for every other request. */
export function createExplorer(gatewayUrl: string): (req: IncomingMessage, res: ServerResponse) => boolean {
  const endpoint = `${gatewayUrl}/v1/links/graphql`
  const html = ruruHTML({
    endpoint,
    subscriptionEndpoint: endpoint.replace(/^http/, 'ws'),
    staticPath,
    clientConfig,
  })
  const files = serveStatic(staticPath)
  return (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? ''
    if (path === page) {
      response.setHeader('content-type', 'text/html; charset=utf-8').end(html)
    } else if (path.startsWith(staticPath)) {
      files(request, response, () => response.writeHead(404).end())
    } else {
      return false
    }
    return true
  }
}
