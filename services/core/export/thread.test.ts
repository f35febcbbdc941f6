import t from 'tap'
import { exportInThread } from './thread.ts'

const task = { url: 'postgres://glimmr_core@127.0.0.1:1/none', file: 1, codeType: undefined, metadata: {} }

t.test('an export that fails before its first byte is refused, and the process lives on', async t => {
  // An uncaught exception would fail this test.
  await t.rejects(exportInThread({ ...task, format: 'ndjson' }), { code: 'ECONNREFUSED' })
})

t.test('one that fails later breaks its stream off', async t => {
  const stream = await exportInThread({ ...task, format: 'csv' })
  await t.rejects(stream.toArray(), { code: 'ECONNREFUSED' })
})
