/** Configuration from the environment: read once at the edge, every fault reported at once. */
import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { plainFault } from './plain-faults.ts'

export type Environment = Record<string, string | undefined>

/** All that is wrong with the environment, a line a fault. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * `schema` is a zod object whose keys are the names of the variables. `NAME_FILE` gives the content of a file as NAME
 * (Docker and Kubernetes secrets); an empty variable counts as unset, as in compose files.
 */
export function readConfig<Schema extends z.ZodObject>(schema: Schema, env: Environment): z.infer<Schema> {
  const faults: string[] = []
  const values: Record<string, string> = {}
  for (const name of Object.keys(schema.shape)) {
    const value = readVariable(name, env, faults)
    if (value !== undefined) values[name] = value
  }
  const parsed = schema.safeParse(values, { error: plainFault })
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0])
      const unset = values[name] === undefined
      // The value itself is not repeated: it may be a secret.
      if (!faults.some(fault => fault.startsWith(`${name}_FILE`)))
        faults.push(
          `${name}: ${unset ? `not set (or set ${name}_FILE to a file that holds it)` : issue.message}`,
        )
    }
  }
  if (!parsed.success || faults.length > 0)
    throw new ConfigError(`the configuration has ${faults.length} fault(s):\n  ${faults.join('\n  ')}`)
  return parsed.data
}

/** For the first lines of a process: what is wrong with its settings is told without a stack, and the process ends with 1. */
export function configured<Config>(read: () => Config): Config {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exit(1)
  }
}

function readVariable(name: string, env: Environment, faults: string[]): string | undefined {
  if (env[name]) return env[name]
  const path = env[`${name}_FILE`]
  if (!path) return undefined
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    faults.push(
      `${name}_FILE: cannot read ${path} (${error instanceof Error ? error.message : String(error)})`,
    )
    return undefined
  }
}
