/** What is wrong with a route file, and where: the router never starts on a key that it would silently ignore. */

export type Fault = {
  /** Path of the file as it was given. */
  file: string
  /** From 1; absent when the fault belongs to no line (a file that cannot be read). */
  line?: number
  /** Dotted key, `http.middlewares.limit.rateLimit.average`. */
  key?: string
  message: string
}

/** Every fault of a set of files at once: `traefik/dynamic/routes.yml:12: http.routers.core.rule: …`. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError'
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super(faults.map(describeFault).join('\n'))
    this.faults = faults
  }
}

export function describeFault({ file, line, key, message }: Fault): string {
  return [line === undefined ? file : `${file}:${line}`, key, message].filter(Boolean).join(': ')
}
