import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from '@glimmr/dev/testing'
import t from 'tap'
import { anItem, csv } from '../test-files.ts'
import { addOrganisation } from '../test-store.ts'
import { createLoadThreads, type ThreadTask } from './thread.ts'

t.test('a thread loads one file after the other, refused and stopped ones among them', async t => {
  const db = await createTestDatabase(t)
  const folder = await mkdtemp(join(tmpdir(), 'glimmr-thread-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const threads = createLoadThreads(60_000)
  const never = new AbortController().signal
  const taskOf = async (name: string, content: string): Promise<ThreadTask> => {
    const path = join(folder, name)
    await writeFile(path, content)
    return {
      url: db.urlFor('glimmr_pipeline'),
      address: { kind: 'file', path },
      file: {
        organisationId: await addOrganisation(db),
        hospitalId: null,
        uploadId: null,
        sha256: null,
        filename: name,
        objectKey: null,
        traceparent: null,
      },
    }
  }
  const items = Array.from({ length: 20_000 }, (_, at) => ({ ...anItem, description: `Item ${at}` }))
  t.match(await threads.load(await taskOf('one.csv', csv([anItem])), { signal: never }), {
    outcome: 'published',
    counts: { items: 1 },
  })
  t.match(await threads.load(await taskOf('two.csv', 'no,price,file\n1,2,3\n'), { signal: never }), {
    outcome: 'rejected',
  })
  const missing: ThreadTask = {
    ...(await taskOf('gone.csv', 'x')),
    address: { kind: 'file', path: '/nowhere' },
  }
  await t.rejects(threads.load(missing, { signal: never }), { code: 'ENOENT' })
  const stop = new AbortController()
  const stopped = threads.load(await taskOf('stopped.csv', csv(items)), {
    signal: stop.signal,
    onProgress: () => stop.abort(new Error('enough')),
  })
  await t.rejects(stopped, 'a load that is stopped fails')
  const both = await Promise.all([
    threads.load(await taskOf('three.csv', csv(items)), { signal: never }),
    threads.load(await taskOf('four.csv', csv(items.slice(0, 100))), { signal: never }),
  ])
  t.match(both, [{ counts: { items: 20_000 } }, { counts: { items: 100 } }], 'two at once have a thread each')
  await threads.close()
})

t.test('a load that was given up before it began takes no thread', async t => {
  const threads = createLoadThreads(0)
  await threads.close()
  const stop = new AbortController()
  stop.abort(new Error('no'))
  const task = { address: { kind: 'file', path: '/' } } as ThreadTask
  await t.rejects(threads.load(task, { signal: stop.signal }), { message: 'no' })
})
