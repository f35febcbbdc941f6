/** One entry of `http.middlewares` → the step it stands for. */
import type { MiddlewareConfiguration } from './configuration/dynamic.ts'
import { middlewareKinds } from './middlewares/all.ts'
import type { BuildContext, MiddlewareKind } from './middlewares/kind.ts'
import type { Middleware } from './request/exchange.ts'

/** Throws an Error with a sentence for options that only turn out wrong here. */
export function compileMiddleware(configuration: MiddlewareConfiguration, context: BuildContext): Middleware {
  const [key] = Object.keys(configuration)
  const kinds: Record<string, MiddlewareKind> = middlewareKinds
  const kind = key === undefined ? undefined : kinds[key]
  if (key === undefined || !kind) throw new Error('the middleware has no kind')
  // The schema of this very key has read these options.
  const options: Record<string, unknown> = configuration
  return kind.create(options[key], context)
}
