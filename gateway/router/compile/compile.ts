/** Typed configuration → handlers: services, then middlewares, then one route table per entry point. */
import { ConfigurationError, type Fault } from '../configuration/fault.ts'
import type { DynamicConfiguration } from '../configuration/load.ts'
import type { StaticConfiguration } from '../configuration/static.ts'
import { denyEncoded } from '../middlewares/encoded-characters.ts'
import type { Handler, Middleware } from '../request/exchange.ts'
import { createMiddlewares } from './middlewares.ts'
import { type Attempt, unqualified } from './names.ts'
import { checkRouters, createRouterBuilder, servesOn } from './routers.ts'
import { type CompileContext, createServices } from './services.ts'

export type Compiled = {
  entryPoints: ReadonlyMap<string, Handler>
  /** Ends timers and connections once requests that still use these handlers are through. */
  retire(): void
}

/** Throws ConfigurationError with everything that does not fit together. */
export function compile(
  fixed: StaticConfiguration,
  dynamic: DynamicConfiguration,
  context: CompileContext,
): Compiled {
  const faults: Fault[] = []
  const releases: (() => void)[] = []
  const onRetire = (release: () => void) => void releases.push(release)
  const attempt: Attempt = (section, name, make, path = []) => {
    try {
      return make()
    } catch (error) {
      faults.push(dynamic.fault(section, name, path, error instanceof Error ? error.message : String(error)))
      return undefined
    }
  }
  const service = createServices(dynamic, context, onRetire)
  const middleware = createMiddlewares(dynamic, {
    ...context,
    onRetire,
    service: name => service(name).handle,
  })
  for (const name of dynamic.services.keys()) attempt('services', name, () => service(name))
  for (const name of dynamic.middlewares.keys()) attempt('middlewares', name, () => middleware(name))
  checkRouters(dynamic, fixed, attempt)

  const entryPoints = new Map<string, Handler>()
  for (const [entryPoint, options] of Object.entries(fixed.entryPoints)) {
    const builder = createRouterBuilder(dynamic, { service, middleware, attempt })
    const deny = denyEncoded(options.http.encodedCharacters ?? everything)
    const outer = (name: string) => step(() => middleware(unqualified(name)), faults, entryPoint)
    const wrap = (handler: Handler) =>
      deny(options.http.middlewares.map(outer).reduceRight((inner, one) => one(inner), handler))
    entryPoints.set(
      entryPoint,
      builder(name => servesOn(dynamic.routers.get(name), entryPoint, fixed), wrap),
    )
  }
  const retire = () => {
    for (const release of releases.splice(0)) release()
  }
  if (faults.length > 0) {
    retire()
    throw new ConfigurationError(unique(faults))
  }
  return { entryPoints, retire }
}

const everything = {
  allowEncodedSlash: true,
  allowEncodedBackSlash: true,
  allowEncodedNullCharacter: true,
  allowEncodedSemicolon: true,
  allowEncodedPercent: true,
  allowEncodedQuestionMark: true,
  allowEncodedHash: true,
}

function step(make: () => Middleware, faults: Fault[], entryPoint: string): Middleware {
  try {
    return make()
  } catch (error) {
    faults.push({
      file: 'traefik.yml',
      key: `entryPoints.${entryPoint}.http.middlewares`,
      message: String(error),
    })
    return next => next
  }
}

function unique(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map(fault => [JSON.stringify(fault), fault])).values()]
}
