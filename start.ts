/** `make start`: PostgreSQL, object store, migrations, services, gateway and two sample files; one Ctrl-C ends it. */
import '@glimmr/lib/telemetry'
import { stopTelemetry } from '@glimmr/lib/telemetry'
import { banner } from './platform/banner.ts'
import { help, parseOptions } from './platform/options.ts'
import { startPlatform } from './platform/platform.ts'

await main().catch(error => {
  console.error(`\n${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
})

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') {
    console.log(help)
    return
  }
  const signal = signalled()
  const platform = await startPlatform({
    ...options,
    env: process.env,
    say: message => console.log(message),
    signal,
  }).catch(error => {
    if (!signal.aborted) throw error
  })
  if (!platform) {
    console.log('stopped before it was up')
    return
  }
  try {
    if (!signal.aborted) console.log(banner(platform.file, process.uptime(), options.dataDir))
    await Promise.race([aborted(signal), platform.failed])
  } finally {
    console.log('\nstopping …')
    await platform.stop()
    await stopTelemetry()
    console.log(`stopped; the data stay in ${options.dataDir}`)
  }
}

/**
 * Aborted by the first Ctrl-C. A second one, a second later (npm passes on what the terminal has sent already), leaves
 * at once; the next start tidies up, as after a kill.
 */
function signalled(): AbortSignal {
  const stopping = new AbortController()
  let first = 0
  const onSignal = () => {
    if (!stopping.signal.aborted) {
      first = performance.now()
      stopping.abort()
    } else if (performance.now() - first > 1_000) process.exit(130)
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal)
  return stopping.signal
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
