import { createClient } from 'graphql-ws'
import { SubscriptionClient } from 'subscriptions-transport-ws'
import { test } from 'tap'
import { WebSocket } from 'ws'
import { headersOf, setUpSockets } from './test-sockets.ts'

const titles = 'subscription { albums(where: { artist_id: { _eq: 1 } }, order_by: { id: asc }) { title } }'
const rename = (title: string) =>
  `mutation { update_albums_by_pk(pk_columns: { id: 1 }, _set: { title: "${title}" }) { id } }`
const init = (headers = headersOf()) => ({ type: 'connection_init', payload: { headers } })

test('the client graphql-ws sees the answer, and each change of it that this process makes', async t => {
  const { url, write, engine } = await setUpSockets(t)
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: { headers: headersOf() },
    retryAttempts: 0,
  })
  t.teardown(() => client.dispose())
  const answers = client.iterate({ query: titles })
  t.same((await answers.next()).value?.data, { albums: [{ title: 'First' }, { title: 'Second' }] })
  await write(rename('Changed'))
  t.same((await answers.next()).value?.data, { albums: [{ title: 'Changed' }, { title: 'Second' }] })
  t.same(engine.subscriptions(), { pollers: 1, cohorts: 1, listeners: 1 })
  const once = client.iterate({ query: '{ albums_by_pk(id: 4) { title } }' })
  t.same((await once.next()).value?.data, { albums_by_pk: { title: 'Open' } })
  t.ok((await once.next()).done, 'a query completes')
  await answers.return?.()
  const refused = client.iterate({ query: 'subscription { nothing }' })
  const error = await refused.next().catch((cause: unknown) => cause)
  t.match(error, [{ message: "field 'nothing' not found in type: 'subscription_root'" }])
})

test('the client subscriptions-transport-ws sees the same', async t => {
  const { url, write } = await setUpSockets(t)
  const options = { connectionParams: { headers: headersOf() }, reconnect: false }
  const client = new SubscriptionClient(url, options, WebSocket)
  t.teardown(() => client.close())
  const answers: unknown[] = []
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  client.request({ query: titles }).subscribe({
    next: answer => {
      answers.push(answer.data)
      if (answers.length === 1) first.resolve()
      else second.resolve()
    },
  })
  await first.promise
  await write(rename('Changed'))
  await second.promise
  t.same(answers, [
    { albums: [{ title: 'First' }, { title: 'Second' }] },
    { albums: [{ title: 'Changed' }, { title: 'Second' }] },
  ])
})

test('what others write is seen at the next poll, and what does not change is not sent again', async t => {
  const { connect, pool, write } = await setUpSockets(t, { engine: { subscriptions: { intervalMs: 30 } } })
  const { send, frame } = await connect('graphql-transport-ws')
  send(init())
  t.match(await frame(), { type: 'connection_ack' })
  send({ type: 'subscribe', id: '1', payload: { query: titles } })
  t.match(await frame(), { type: 'next', id: '1' })
  await write('mutation { update_albums(where: {}, _inc: { price: 1 }) { affected_rows } }')
  await pool.query("update music.album set title = 'By hand' where id = 1")
  t.match(await frame(), { payload: { data: { albums: [{ title: 'By hand' }, {}] } } })
})

test('many subscribers are one statement; each sees what its own values and its own role let it see', async t => {
  const { connect, engine } = await setUpSockets(t)
  const query = 'subscription ($id: Int!) { albums(where: { id: { _eq: $id } }) { id title } }'
  const asked = async (headers: Record<string, string>) => {
    const connection = await connect('graphql-transport-ws')
    connection.send(init(headers))
    await connection.frame()
    for (let id = 1; id <= 40; id++)
      connection.send({ type: 'subscribe', id: String(id), payload: { query, variables: { id } } })
    const seen = new Map<string, unknown>()
    while (seen.size < 40) {
      const { id = '', payload } = await connection.frame()
      seen.set(id, payload)
    }
    return seen
  }
  const all = await asked(headersOf())
  t.same(all.get('3'), { data: { albums: [{ id: 3, title: 'Hidden' }] } })
  t.same(all.get('5'), { data: { albums: [] } })
  const first = await asked(headersOf('listener', { 'x-hasura-artist-id': '1' }))
  t.same(first.get('3'), { data: { albums: [] } })
  const second = await asked(headersOf('listener', { 'x-hasura-artist-id': '2' }))
  t.same(second.get('3'), { data: { albums: [{ id: 3, title: 'Hidden' }] } })
  t.same(engine.subscriptions(), { pollers: 2, cohorts: 120, listeners: 120 })
})

test('a value that Postgres refuses is its sender’s alone', async t => {
  const { connect } = await setUpSockets(t)
  const query = 'subscription { albums(where: { id: { _eq: 3 } }) { title } }'
  const bad = await connect('graphql-transport-ws')
  const good = await connect('graphql-transport-ws')
  bad.send(init(headersOf('listener', { 'x-hasura-artist-id': 'no number' })))
  good.send(init(headersOf('listener', { 'x-hasura-artist-id': '2' })))
  await Promise.all([bad.frame(), good.frame()])
  for (const { send } of [bad, good]) send({ type: 'subscribe', id: '1', payload: { query } })
  t.match(await good.frame(), { payload: { data: { albums: [{ title: 'Hidden' }] } } })
  t.match(await bad.frame(), { payload: { errors: [{ extensions: { code: 'data-exception' } }] } })
})

test('a stream gives every row once, ties together, and then what is new', async t => {
  const { connect, write } = await setUpSockets(t)
  const { send, frame } = await connect('graphql-transport-ws')
  send(init())
  await frame()
  const query = `subscription { tracks_stream(batch_size: 2, cursor: [{ initial_value: { album_id: 0 } }]) { id album_id } }`
  send({ type: 'subscribe', id: 's', payload: { query } })
  const rows = async () => {
    const { payload } = await frame()
    return (payload as { data: { tracks_stream: { id: number }[] } }).data.tracks_stream.map(row => row.id)
  }
  t.same((await rows()).toSorted(), [1, 2])
  t.same(await rows(), [3, 4])
  t.same(await rows(), [5])
  await write(
    'mutation { insert_tracks(objects: [{ id: 6, album_id: 4, title: "late" }]) { affected_rows } insert_albums_one(object: { id: 9, artist_id: 1, title: "new" }) { id } one: insert_tracks_one(object: { id: 7, album_id: 9, title: "new" }) { id } }',
  )
  t.same(await rows(), [7])
  const wrong = [
    'cursor: [{ initial_value: { id: 0, album_id: 1 } }]',
    'cursor: []',
    'cursor: [{ initial_value: { id: "x" } }]',
  ]
  for (const cursor of wrong) {
    send({
      type: 'subscribe',
      id: cursor,
      payload: { query: `subscription { tracks_stream(batch_size: 2, ${cursor}) { id } }` },
    })
    const { type, payload } = await frame()
    t.ok(type === 'error' || (payload as { errors?: unknown }).errors, cursor)
  }
})

test('the protocols close with their codes', async t => {
  const { connect } = await setUpSockets(t, { limits: { initTimeoutMs: 300 } })
  const modern = () => connect('graphql-transport-ws')
  const code = async (frames: object[]) => {
    const connection = await modern()
    for (const frame of frames) connection.send(frame)
    return (await connection.closed).code
  }
  const start = { type: 'subscribe', id: '1', payload: { query: titles } }
  t.equal(await code([]), 4408)
  t.equal(await code([start]), 4401)
  t.equal(await code([init({})]), 4403)
  t.equal(await code([init(), init()]), 4429)
  t.equal(await code([{ type: 'unknown' }]), 4400)
  t.equal(await code([{ type: 'subscribe', payload: {} }]), 4400)
  const twice = await modern()
  twice.send(init())
  await twice.frame()
  twice.send(start)
  twice.send(start)
  t.equal((await twice.closed).code, 4409)
  const binary = await modern()
  binary.socket.send(Buffer.from('{"type":"connection_init"}'))
  t.equal((await binary.closed).code, 4400)
  const older = await connect('graphql-ws')
  older.send({ type: 'start', id: '1', payload: { query: titles } })
  const refusal = (message: string) => ({ message, extensions: { path: '$', code: 'start-failed' } })
  t.same(await older.frame(), {
    type: 'error',
    id: '1',
    payload: refusal('start received before the connection is initialised'),
  })
  t.same(await older.frame(), { type: 'complete', id: '1' })
  const busy = await connect('graphql-ws')
  busy.send(init())
  await busy.frame()
  busy.send({ type: 'start', id: '1', payload: { query: titles } })
  t.match(await busy.frame(), { type: 'data', id: '1' })
  busy.send({ type: 'start', id: '1', payload: { query: titles } })
  t.same(await busy.frame(), {
    type: 'error',
    id: '1',
    payload: refusal('an operation already exists with this id: 1'),
  })
  t.same(await busy.frame(), { type: 'complete', id: '1' })
  older.send(init({}))
  t.match(await older.frame(), { type: 'connection_error', payload: /admin-secret/ })
  t.equal((await older.closed).code, 4403)
})

test('connections, operations and bytes have an end, and nothing of a closed connection stays', async t => {
  const { connect, engine, sockets } = await setUpSockets(t, {
    limits: { connectionsPerKey: 2, connections: 3, operations: 2, messageBytes: 2_000 },
  })
  const open = async () => {
    const connection = await connect('graphql-transport-ws')
    connection.send(init())
    return connection
  }
  const [first, second] = [await open(), await open()]
  t.match(await first.frame(), { type: 'connection_ack' })
  t.match(await second.frame(), { type: 'connection_ack' })
  const third = await open()
  t.equal((await third.closed).code, 4429, 'too many of one key')
  for (const id of ['1', '2', '3']) first.send({ type: 'subscribe', id, payload: { query: titles } })
  const frames = [await first.frame(), await first.frame(), await first.frame()]
  t.same(frames.map(({ id, type }) => `${id} ${type}`).toSorted(), ['1 next', '2 next', '3 error'])
  t.equal(engine.subscriptions().listeners, 2)
  first.send({ type: 'complete', id: '1' })
  first.send({ type: 'subscribe', id: '4', payload: { query: titles } })
  t.match(await first.frame(), { id: '4', type: 'next' })
  first.socket.send(JSON.stringify({ type: 'ping', payload: { x: 'y'.repeat(3_000) } }))
  t.equal((await first.closed).code, 1009)
  second.socket.close()
  await second.closed
  const until = Date.now() + 2_000
  while ((engine.subscriptions().listeners > 0 || sockets.size() > 0) && Date.now() < until)
    await new Promise(setImmediate)
  t.same(engine.subscriptions(), { pollers: 0, cohorts: 0, listeners: 0 })
  t.equal(sockets.size(), 0)
  const fourth = await open()
  t.match(await fourth.frame(), { type: 'connection_ack' }, 'the places are free again')
})

test('credentials that end close the connection, and so does a change of the metadata', async t => {
  const short = await setUpSockets(t, { holdsMs: 200 })
  const brief = await short.connect('graphql-transport-ws')
  brief.send(init())
  t.match(await brief.closed, { code: 4403, reason: /expired/ })
  const { connect, engine } = await setUpSockets(t)
  const { send, frame, closed } = await connect('graphql-transport-ws')
  send(init())
  await frame()
  send({ type: 'subscribe', id: '1', payload: { query: titles } })
  await frame()
  await engine.reload()
  t.equal((await closed).code, 1012, 'clients come back after this code')
})

test('a connection without operations is closed after a while', async t => {
  const { connect } = await setUpSockets(t, { limits: { keepAliveMs: 20, idleMs: 60 } })
  const { send, closed } = await connect('graphql-ws')
  send(init())
  t.match(await closed, { code: 1000, reason: 'idle' })
})
