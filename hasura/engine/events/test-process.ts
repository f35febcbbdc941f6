/** A process of its own that delivers events until it is killed: DATABASE_URL METADATA LEASE_SECONDS. */
import pg from 'pg'
import { createEngine } from '../engine.ts'
import { createWebhookClient } from '../webhook/webhook-client.ts'
import { createEventRunner } from './event-runner.ts'

const [connectionString = '', metadata = '', leaseSeconds = ''] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString, max: 4 })
const engine = await createEngine({ metadata: JSON.parse(metadata), pools: { default: pool } })
const client = createWebhookClient({ allowPrivate: true })
const runner = createEventRunner({
  control: engine.control,
  client,
  atOnce: 20,
  intervalMs: 20,
  leaseSeconds: Number(leaseSeconds),
})
await runner.sync()
// The runner's timer lets a process end.
process.stdin.resume()
process.stdout.write('ready\n')
