/** `npm run traces`: what `make start` does, as traces in a browser. */
import { once } from 'node:events'
import { misused, readOptions, runCommand } from '@glimmr/lib/command'
import { howTo, startTraceViewer } from './server.ts'

const help = `Shows the traces of a platform in a browser.

  npm run traces -- [--port N]     4318 unless said otherwise

Takes OTLP over HTTP as JSON. Keeps the latest 2,000 traces, in memory only.`

const values = readOptions({ port: { type: 'string', default: '4318' } }, help)

await runCommand(async () => {
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65_535) misused(`--port takes a port, not "${values.port}"`, help)
  const viewer = await startTraceViewer(port)
  console.log(`traces are shown at ${viewer.url}\nto send some: ${howTo(viewer.url)}`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await viewer.close()
})
