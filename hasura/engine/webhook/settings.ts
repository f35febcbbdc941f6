/** What the metadata takes from the environment: `{{NAME}}` in URLs, `value_from_env` of headers. */
import type { HeaderMetadata } from '../metadata-types.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Throws for a variable that is not set. */
export function filled(text: string, env: Environment): string {
  return text.replace(/\{\{\s*([\w-]+)\s*\}\}/g, (_, name: string) => variable(name, env))
}

export function variable(name: string, env: Environment): string {
  const value = env[name]
  if (value === undefined) throw new Error(`environment variable '${name}' not set`)
  return value
}

export function headersOf(
  headers: HeaderMetadata[] | null | undefined,
  env: Environment,
): Record<string, string> {
  const found: Record<string, string> = {}
  for (const { name, value, value_from_env } of headers ?? [])
    found[name.toLowerCase()] =
      value_from_env === undefined ? filled(value ?? '', env) : variable(value_from_env, env)
  return found
}
