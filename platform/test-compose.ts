/** The compose files as docker compose reads them, for tests that have no containers. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export type ComposeService = {
  image?: string
  command?: string[]
  working_dir?: string
  environment?: Record<string, string | number>
  volumes?: string[]
  ports?: string[]
  healthcheck?: { test: string[] }
  restart?: string
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
}

export const root = fileURLToPath(new URL('..', import.meta.url))
export const readFile = (path: string): string => readFileSync(`${root}/${path}`, 'utf8')

/** `docker-compose.yml`, or what `docker-compose.prod.yml` lays over it. */
export function readCompose(file: string): { services: Record<string, ComposeService> } {
  const asItIs = (seq: unknown) => seq
  return parse(readFile(file), {
    merge: true,
    customTags: [
      { tag: '!override', collection: 'seq', resolve: asItIs },
      { tag: '!reset', collection: 'seq', resolve: asItIs },
    ],
  })
}

/** `${NAME:?…}`, `${NAME:-default}` as compose fills them in; what must be given is `value-of-NAME` where `given` has none. */
export function filled(
  environment: ComposeService['environment'] = {},
  given: Record<string, string> = {},
): Record<string, string> {
  const value = (text: string) =>
    text.replaceAll(
      /\$\{(\w+)(?::([?-])([^}]*))?\}/g,
      (_all, name: string, kind: string, rest: string) =>
        given[name] ?? (kind === '-' ? rest : `value-of-${name}`),
    )
  return Object.fromEntries(Object.entries(environment).map(([name, text]) => [name, value(String(text))]))
}
