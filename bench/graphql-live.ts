/** 10,000 live queries of 100 shapes: how long a write takes until all of them know. */
import { createEngine, type Listener } from '@glimmr/engine/engine'
import type pg from 'pg'
import { metadata, role } from './graphql-data.ts'

const shapes = 100
const each = 100

/** Milliseconds from the write until the last of 10,000 subscribers has been told; the median of five writes. */
export async function refreshLiveQueries(pool: pg.Pool): Promise<number> {
  // Nothing is polled meanwhile: what is told, is told because of the write.
  const engine = await createEngine({
    metadata,
    pools: { default: pool },
    subscriptions: { intervalMs: 600_000 },
  })
  let told = 0
  let all = Promise.withResolvers<void>()
  const listener: Listener = {
    next() {
      told += 1
      if (told === shapes * each) all.resolve()
    },
    failed: error => all.reject(error),
    ended() {},
    ready: () => true,
  }
  const nextRound = () => {
    told = 0
    all = Promise.withResolvers()
    return all.promise
  }
  const session = { role, vars: {} }
  const first = nextRound()
  for (let shape = 0; shape < shapes; shape++)
    for (let n = 0; n < each; n++) {
      const query = `subscription ($album: Int!) { of_${shape}: track(where: { album_id: { _eq: $album } }, order_by: { id: asc }) { id name milliseconds } }`
      const variables = { album: ((shape * each + n) % 1350) + 1 }
      // Equal values would share an answer: each subscriber has its own.
      engine.subscribe({ body: { query, variables }, session }, { ...listener })
    }
  await first
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    const done = nextRound()
    const admin = { role: 'admin', vars: {} }
    const write = 'mutation { update_track(where: {}, _inc: { milliseconds: 1 }) { affected_rows } }'
    const { body } = await engine.graphql({ body: { query: write }, session: admin })
    if (body.includes('errors')) throw new Error(body)
    const begin = performance.now()
    await done
    times.push(performance.now() - begin)
  }
  await engine.close()
  return times.toSorted((left, right) => left - right)[2] ?? Number.NaN
}
