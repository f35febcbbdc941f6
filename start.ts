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
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stopping.abort(signal))
  const platform = await startPlatform({
    ...options,
    say: message => console.log(message),
    signal: stopping.signal,
  })
  try {
    if (!stopping.signal.aborted) console.log(banner(platform.file, process.uptime(), options.dataDir))
    await Promise.race([aborted(stopping.signal), platform.failed])
  } finally {
    console.log('\nstopping …')
    await platform.stop()
    await stopTelemetry()
    console.log(`stopped; the data stay in ${options.dataDir}`)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
