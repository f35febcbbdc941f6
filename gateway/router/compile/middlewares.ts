/** `http.middlewares` → the steps they stand for. */
import type { MiddlewareConfiguration } from '../configuration/dynamic.ts'
import type { DynamicConfiguration } from '../configuration/load.ts'
import { middlewareKinds } from '../middlewares/all.ts'
import type { BuildContext, MiddlewareKind } from '../middlewares/kind.ts'
import type { Handler, Middleware } from '../request/exchange.ts'
import { unqualified } from './names.ts'
import type { CompileContext } from './services.ts'

/** Steps by name; throws an Error for one that is not there, that leads back to itself, or with options that do not do. */
export function createMiddlewares(
  dynamic: DynamicConfiguration,
  context: CompileContext & { service(name: string): Handler; onDrained(release: () => void): void },
): (name: string) => Middleware {
  const making = new Set<string>()
  // Made anew for every router that names it, as in Traefik: two routers with one rateLimit have a limit each.
  const find = (given: string): Middleware => {
    const name = unqualified(given)
    const options = dynamic.middlewares.get(name)
    if (!options) throw new Error(`there is no middleware "${name}"`)
    if (making.has(name)) throw new Error(`the middleware "${name}" leads back to itself`)
    making.add(name)
    try {
      const { countRetry } = context.metrics
      const { file } = dynamic.fault('middlewares', name, [], '')
      return createStep(options, { ...context, name: `${name}@file`, file, middleware: find, countRetry })
    } finally {
      making.delete(name)
    }
  }
  return find
}

function createStep(configuration: MiddlewareConfiguration, context: BuildContext): Middleware {
  const [key] = Object.keys(configuration)
  const kinds: Record<string, MiddlewareKind> = middlewareKinds
  const kind = key === undefined ? undefined : kinds[key]
  if (key === undefined || !kind) throw new Error('the middleware has no kind')
  // The schema of this very key has read these options.
  const options: Record<string, unknown> = configuration
  return kind.create(options[key], context)
}
