/** Typed configuration → handlers: services, then middlewares, then one route table per entry point. */
import { ConfigurationError, type Fault } from '../configuration/fault.ts'
import type { DynamicConfiguration, LoadedStatic } from '../configuration/load.ts'
import type { StaticConfiguration } from '../configuration/static.ts'
import { denyEncoded } from '../middlewares/encoded-characters.ts'
import type { Handler, Middleware } from '../request/exchange.ts'
import { createTlsTermination, type Terminate, type TlsTermination } from '../tls/termination.ts'
import { createMiddlewares } from './middlewares.ts'
import { type Attempt, unqualified } from './names.ts'
import { redirection } from './redirection.ts'
import { createRetirement } from './retirement.ts'
import { checkRouters, createRouterBuilder, type RouterBuilder, servesOn } from './routers.ts'
import { type CompileContext, createServices } from './services.ts'
import { checkTls, chooseOptions, tlsOptionsFor } from './tls.ts'

/** What an entry point does with a request: TLS and plain HTTP have routers of their own. */
export type CompiledEntryPoint = {
  plain: Handler
  secure: Handler
  /** Absent: nothing on this entry point has TLS. */
  terminate: Terminate | undefined
}

export type Compiled = {
  entryPoints: ReadonlyMap<string, CompiledEntryPoint>
  /** A request has begun to use these handlers; what this gives is called when it is through. */
  enter(): () => void
  /** Ends timers at once, and connections when the last request that uses these handlers is through. */
  retire(): void
}

/** Throws ConfigurationError with everything that does not fit together. */
export function compile(
  fixed: LoadedStatic,
  dynamic: DynamicConfiguration,
  context: CompileContext,
): Compiled {
  const faults: Fault[] = []
  const { enter, retire, onRetire, onDrained } = createRetirement()
  const attempt: Attempt = (section, name, make, path = []) => {
    try {
      return make()
    } catch (error) {
      faults.push(dynamic.fault(section, name, path, error instanceof Error ? error.message : String(error)))
      return undefined
    }
  }
  // A service may name middlewares, and a middleware services: each is made when it is first asked for.
  const service = createServices(dynamic, context, {
    onRetire,
    onDrained,
    middleware: name => middleware(name),
  })
  const middleware = createMiddlewares(dynamic, {
    ...context,
    onDrained,
    service: name => service(name).handle,
  })
  for (const name of dynamic.services.keys()) attempt('services', name, () => service(name))
  for (const name of dynamic.middlewares.keys()) attempt('middlewares', name, () => middleware(name))
  checkRouters(dynamic, fixed, attempt)
  const termination = createTlsTermination(dynamic, (place, error) =>
    faults.push(place.fault(error instanceof Error ? error.message : String(error))),
  )
  checkTls(dynamic, fixed, termination, attempt, faults)
  context.metrics.certificates(termination.certificates)

  const entryPoints = new Map<string, CompiledEntryPoint>()
  for (const [entryPoint, options] of Object.entries(fixed.entryPoints)) {
    const deny = denyEncoded(options.http.encodedCharacters ?? everything)
    const outer = (name: string, index: number): Middleware => {
      try {
        return middleware(unqualified(name))
      } catch (error) {
        const path = ['entryPoints', entryPoint, 'http', 'middlewares', index]
        faults.push(fixed.fault(path, error instanceof Error ? error.message : String(error)))
        return next => next
      }
    }
    const wrap = (handler: Handler) =>
      deny(options.http.middlewares.map(outer).reduceRight((inner, one) => one(inner), handler))
    const builder = createRouterBuilder(dynamic, { service, middleware, attempt, wrap })
    entryPoints.set(
      entryPoint,
      compileEntryPoint(entryPoint, { dynamic, fixed, termination, attempt, builder }),
    )
  }
  if (faults.length > 0) {
    retire()
    throw new ConfigurationError(unique(faults))
  }
  return { entryPoints, enter, retire }
}

type Parts = {
  dynamic: DynamicConfiguration
  fixed: StaticConfiguration
  termination: TlsTermination
  attempt: Attempt
  builder: RouterBuilder
}

function compileEntryPoint(
  name: string,
  { dynamic, fixed, termination, attempt, builder }: Parts,
): CompiledEntryPoint {
  const plain: string[] = []
  const secure = new Map<string, string>()
  for (const [router, configuration] of dynamic.routers) {
    if (!servesOn(configuration, name, fixed)) continue
    const options = tlsOptionsFor(configuration, name, fixed)
    if (options === undefined) plain.push(router)
    else secure.set(router, options)
  }
  const { optionsByHost, optionsByRouter } = chooseOptions(secure, dynamic, attempt)
  const redirected = redirection(name, fixed)
  return {
    plain: builder(plain, { more: redirected ? [redirected] : [] }),
    secure: builder([...secure.keys()], { tlsOptions: optionsByRouter }),
    terminate:
      secure.size > 0 || fixed.entryPoints[name]?.http.tls ? termination.forHosts(optionsByHost) : undefined,
  }
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

function unique(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map(fault => [JSON.stringify(fault), fault])).values()]
}
