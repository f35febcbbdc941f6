/** `npm run traces`: what `make start` does, as traces in a browser. */
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { howTo, startTraceViewer } from './server.ts'

const help = `Shows the traces of a platform in a browser.

  npm run traces -- [--port N]     4318 unless said otherwise

Takes OTLP over HTTP as JSON. Keeps the latest 2,000 traces, in memory only.`

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4318' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) console.log(help)
else
  await main().catch(error => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })

async function main(): Promise<void> {
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port takes a port, not "${values.port}"`)
  const viewer = await startTraceViewer(port)
  console.log(`traces are shown at ${viewer.url}\nto send some: ${howTo(viewer.url)}`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await viewer.close()
}
