/** Reads the static file and everything that its file provider names into one typed configuration. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'
import { addressTest } from '../request/addresses.ts'
import {
  type DynamicFile,
  dynamicSchema,
  type MiddlewareConfiguration,
  type RouterConfiguration,
  type ServersTransport,
  type ServiceConfiguration,
} from './dynamic.ts'
import { ConfigurationError, type Fault } from './fault.ts'
import { namedFiles } from './named-files.ts'
import { type StaticConfiguration, staticSchema } from './static.ts'
import { renderTemplate, type TemplateEnvironment } from './template.ts'
import type { CertificateFiles, TlsOptions } from './tls.ts'
import { check, faultAt, parseYaml, type YamlFile } from './yaml-file.ts'

type Section = 'routers' | 'middlewares' | 'services' | 'serversTransports'

/** A value and where it stands. */
export type Placed<Value> = { value: Value; file: string; fault(message: string): Fault }

/** Of all dynamic files together; names have no `@file` here. */
export type DynamicConfiguration = {
  routers: Map<string, RouterConfiguration>
  middlewares: Map<string, MiddlewareConfiguration>
  services: Map<string, ServiceConfiguration>
  serversTransports: Map<string, ServersTransport>
  tls: {
    certificates: Placed<CertificateFiles>[]
    options: Map<string, Placed<TlsOptions>>
    defaultCertificate: Placed<CertificateFiles> | undefined
  }
  /** All that this was made of, as plain values: equal to that of another reading, nothing has changed. */
  source: unknown
  /** A fault at `http.<section>.<name>.…`, with its file and line. */
  fault(section: Section, name: string, path: readonly PropertyKey[], message: string): Fault
}

export type LoadedStatic = StaticConfiguration & {
  /** A fault at `path`, with its file and line. */
  fault(path: readonly PropertyKey[], message: string): Fault
}

/** The static file is not a template, in Traefik neither. */
export function loadStatic(file: string): LoadedStatic {
  const yaml = parseYaml(read(file), file)
  const configuration = check(staticSchema, yaml)
  const known = Object.keys(configuration.entryPoints)
  const faults: Fault[] = [...redirectionFaults(configuration, yaml), ...trustFaults(configuration, yaml)]
  for (const key of ['ping', 'metrics'] as const) {
    const used = key === 'ping' ? configuration.ping : configuration.metrics?.prometheus
    const path = key === 'ping' ? ['ping', 'entryPoint'] : ['metrics', 'prometheus', 'entryPoint']
    if (used && !used.manualRouting && !known.includes(used.entryPoint))
      faults.push(faultAt(yaml, path, `there is no entry point "${used.entryPoint}"`))
  }
  if (faults.length > 0) throw new ConfigurationError(faults)
  return Object.assign(configuration, {
    fault: (path: readonly PropertyKey[], message: string) => faultAt(yaml, path, message),
  })
}

/** Whom to believe must not be a guess. */
function trustFaults({ entryPoints }: StaticConfiguration, yaml: YamlFile): Fault[] {
  return Object.entries(entryPoints).flatMap(([name, { forwardedHeaders }]) =>
    forwardedHeaders.trustedIPs.flatMap((network, index) => {
      try {
        addressTest([network])
        return []
      } catch (error) {
        const path = ['entryPoints', name, 'forwardedHeaders', 'trustedIPs', index]
        return [faultAt(yaml, path, error instanceof Error ? error.message : String(error))]
      }
    }),
  )
}

function redirectionFaults({ entryPoints }: StaticConfiguration, yaml: YamlFile): Fault[] {
  return Object.entries(entryPoints).flatMap(([name, { http }]) => {
    const to = http.redirections?.entryPoint.to
    if (to === undefined || /^:\d+$/.test(to) || to in entryPoints) return []
    const path = ['entryPoints', name, 'http', 'redirections', 'entryPoint', 'to']
    return [faultAt(yaml, path, `there is no entry point "${to}"`)]
  })
}

/** Where dynamic files are: a relative path counts from the folder of the static file. */
export function dynamicSource(
  file: string,
  { providers }: StaticConfiguration,
): { directory?: string; files: string[] } {
  const from = (path: string) => resolve(dirname(file), path)
  if (providers.file.filename !== undefined) return { files: [from(providers.file.filename)] }
  const directory = from(providers.file.directory ?? '.')
  const names = listDirectory(directory)
  return { directory, files: names.map(name => join(directory, name)) }
}

export function loadDynamic(files: readonly string[], env: TemplateEnvironment): DynamicConfiguration {
  const faults: Fault[] = []
  const parsed: { yaml: YamlFile; value: DynamicFile }[] = []
  for (const file of files) {
    try {
      const yaml = parseYaml(renderTemplate(read(file), env, file), file)
      parsed.push({ yaml, value: check(dynamicSchema, yaml) })
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      faults.push(...error.faults)
    }
  }
  const origin = new Map<string, YamlFile>()
  const merged: DynamicConfiguration = {
    routers: new Map(),
    middlewares: new Map(),
    services: new Map(),
    serversTransports: new Map(),
    tls: { certificates: [], options: new Map(), defaultCertificate: undefined },
    source: parsed.map(({ yaml, value }) => [yaml.file, yaml.value, namedFiles(value, yaml.file)]),
    fault: (section, name, path, message) => {
      const yaml = origin.get(`${section} ${name}`)
      return yaml
        ? faultAt(yaml, ['http', section, name, ...path], message)
        : { file: files.join(', '), message }
    },
  }
  for (const { yaml, value } of parsed) {
    faults.push(...mergeTls(merged.tls, yaml, value))
    for (const section of ['routers', 'middlewares', 'services', 'serversTransports'] as const) {
      for (const [name, entry] of Object.entries(value.http?.[section] ?? {})) {
        if (origin.has(`${section} ${name}`))
          faults.push(faultAt(yaml, ['http', section, name], 'this name is given twice'))
        origin.set(`${section} ${name}`, yaml)
        const target: Map<string, unknown> = merged[section]
        target.set(name, entry)
      }
    }
  }
  if (faults.length > 0) throw new ConfigurationError(faults)
  return merged
}

/** What is said twice is a fault: which of the two would hold depended on the names of files. */
function mergeTls(tls: DynamicConfiguration['tls'], yaml: YamlFile, { tls: given }: DynamicFile): Fault[] {
  if (!given) return []
  const placed = <Value>(value: Value, path: PropertyKey[]): Placed<Value> => ({
    value,
    file: yaml.file,
    fault: message => faultAt(yaml, ['tls', ...path], message),
  })
  const faults: Fault[] = []
  given.certificates.forEach((one, index) => {
    tls.certificates.push(placed(one, ['certificates', index]))
  })
  for (const [name, options] of Object.entries(given.options)) {
    const place = placed(options, ['options', name])
    if (tls.options.has(name)) faults.push(place.fault('this name is given twice'))
    tls.options.set(name, place)
  }
  const certificate = given.stores.default?.defaultCertificate
  if (certificate) {
    const place = placed(certificate, ['stores', 'default', 'defaultCertificate'])
    if (tls.defaultCertificate) faults.push(place.fault('there is a default certificate already'))
    tls.defaultCertificate = place
  }
  return faults
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigurationError([
      { file, message: `cannot be read (${error instanceof Error ? error.message : error})` },
    ])
  }
}

function listDirectory(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter(
        name =>
          ['.yml', '.yaml'].includes(extname(name)) && !name.split('/').some(part => part.startsWith('.')),
      )
      .sort()
  } catch (error) {
    throw new ConfigurationError([
      { file: directory, message: `cannot be read (${error instanceof Error ? error.message : error})` },
    ])
  }
}
