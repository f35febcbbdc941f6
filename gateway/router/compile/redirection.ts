/**
 * `entryPoints.web.http.redirections`: the route that Traefik makes of it.
 * https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/#redirections
 *
 *   entryPoints:
 *     web: { address: ":80", http: { redirections: { entryPoint: { to: websecure } } } }
 *     websecure: { address: ":443" }
 */
import type { StaticConfiguration } from '../configuration/static.ts'
import { redirectTo } from '../middlewares/redirect-scheme.ts'
import { answerPlain, type Handler } from '../request/exchange.ts'
import type { RouteEntry } from '../rules/route-table.ts'

export function redirection(
  entryPoint: string,
  { entryPoints }: StaticConfiguration,
): RouteEntry<Handler> | undefined {
  const options = entryPoints[entryPoint]?.http.redirections?.entryPoint
  if (!options) return undefined
  const { to, scheme, permanent, priority } = options
  const port = (entryPoints[to]?.address ?? to).replace(/^.*:/, '').replace('/tcp', '')
  const redirect = redirectTo({ scheme, port, permanent })(exchange => answerPlain(exchange, 418))
  const name = `${entryPoint}-to-${to.replace(/^\W+/, '')}@internal`
  return {
    name,
    rule: 'HostRegexp(`^.+$`)',
    priority,
    target: exchange => {
      exchange.router = name
      return redirect(exchange)
    },
  }
}
