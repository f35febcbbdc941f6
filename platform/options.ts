/** The options of `npm start`. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export type Options = {
  /** 0: any free port. */
  port: number
  storePort: number
  opsPort: number
  /** Absolute. */
  dataDir: string
  samples: boolean
  /** Logs to standard output instead of the data folder. */
  verbose: boolean
}

export const help = `Starts the whole platform: PostgreSQL, object store, services and gateway, in one process.

  npm start -- [options]

  --port N         gateway port, 8080 unless said otherwise (0: any free one)
  --store-port N   object store port, 9000 unless said otherwise (0: any free one)
  --ops-port N     metrics and GraphiQL, any free one unless said otherwise
  --data DIR       where everything is kept, .data unless said otherwise
  --no-samples     without the two sample files
  --verbose        logs to the terminal instead of DIR/glimmr.log
  --help           this text

It listens on this machine only (127.0.0.1). Settings are those of .env.example, given in the environment:
LINK_HOSTS=example.org npm start; but not those of the database and the store, which it brings along.
OTEL_EXPORTER_OTLP_ENDPOINT=http://host:4318 sends traces there. Ctrl-C stops everything.`

/** Throws a sentence for the user. `help`: print the help and leave. */
export function parseOptions(args: string[]): Options | 'help' {
  let values: ReturnType<typeof parsed>
  try {
    values = parsed(args)
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${help}`, { cause: error })
  }
  if (values.help) return 'help'
  return {
    port: port('--port', values.port),
    storePort: port('--store-port', values['store-port']),
    opsPort: port('--ops-port', values['ops-port']),
    dataDir: resolve(values.data),
    samples: !values['no-samples'],
    verbose: values.verbose,
  }
}

function parsed(args: string[]) {
  return parseArgs({
    args,
    options: {
      port: { type: 'string', default: '8080' },
      'store-port': { type: 'string', default: '9000' },
      'ops-port': { type: 'string', default: '0' },
      data: { type: 'string', default: '.data' },
      'no-samples': { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

function port(name: string, text: string): number {
  const value = Number(text)
  if (!/^\d{1,5}$/.test(text) || value > 65_535)
    throw new Error(`${name} takes a port from 0 to 65535, not "${text}"`)
  return value
}
