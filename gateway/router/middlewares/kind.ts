/** What a middleware's file gives: the options it takes from a route file, and how they become a step of a chain. */
import type { z } from 'zod'
import type { Handler, Middleware } from '../request/exchange.ts'
import type { Mounts } from '../services/mount.ts'

export type Log = {
  info(fields: object, message?: string): void
  warn(fields: object, message?: string): void
  error(fields: object, message?: string): void
}

/** What a step may use while it is made. */
export type BuildContext = {
  /** Of the middleware, `core-limit@file`. */
  name: string
  /** Where the middleware stands. */
  file: string
  /** Options by name, from the same files; throws an Error for a name that no file gives. */
  service(name: string): Handler
  middleware(name: string): Middleware
  mounts: Mounts
  log: Log
  /** Seconds do not pass by themselves in tests. */
  now(): number
  countRetry(service: string): void
  /** Runs when these files were replaced by others, or the router closes, and no request uses this step any more. */
  onDrained(release: () => void): void
}

export type MiddlewareKind<Schema extends z.ZodType = z.ZodType> = {
  schema: Schema
  /** Throws an Error with a sentence for options that only turn out wrong here. */
  create(options: z.infer<Schema>, context: BuildContext): Middleware
}

export function middlewareKind<Schema extends z.ZodType>(
  kind: MiddlewareKind<Schema>,
): MiddlewareKind<Schema> {
  return kind
}
