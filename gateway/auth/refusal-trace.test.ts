import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startOtlpReceiver } from '@glimmr/dev/otlp-receiver'
import t from 'tap'

const script = fileURLToPath(new URL('fixtures/traced-refusals.ts', import.meta.url))
const [trace, other] = ['0af7651916cd43dd8448eb211c80319c', '1af7651916cd43dd8448eb211c80319c']

t.test('why a request was refused is an event in its trace, asked by a call or over HTTP', async t => {
  const receiver = await startOtlpReceiver()
  t.teardown(() => receiver.close())
  const keysDir = mkdtempSync(join(tmpdir(), 'glimmr-auth-'))
  t.teardown(() => rmSync(keysDir, { recursive: true }))
  const traceparents = [`00-${trace}-b7ad6b7169203331-01`, `00-${other}-b7ad6b7169203331-00`]
  await promisify(execFile)(process.execPath, [script, keysDir, ...traceparents], {
    env: { ...process.env, ...receiver.env },
  })
  const refused = receiver.spans
    .flatMap(span => (span.events ?? []).map(event => ({ span, event })))
    .filter(({ event }) => event.name === 'auth.refused')
  t.same(
    refused.map(({ span, event }) => [span.traceId, span.parentSpanId, span.name, reasonOf(event)]).sort(),
    [
      [trace, 'b7ad6b7169203331', 'GET /verify', 'bad_credentials'],
      [trace, 'b7ad6b7169203331', 'auth.verify', 'no_credentials'],
    ],
    'none for a trace that is not sampled',
  )
})

function reasonOf({ attributes }: { attributes?: { key: string; value: { stringValue?: string } }[] }) {
  return attributes?.find(({ key }) => key === 'reason')?.value.stringValue
}
