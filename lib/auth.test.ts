import { Agent, get } from 'node:http'
import { createTestTokens } from '@glimmr/dev/test-tokens'
import { pino } from 'pino'
import t from 'tap'
import { identityOf } from './auth.ts'
import { createServer } from './server.ts'

const one = '5f0c0000-0000-4000-8000-000000000001'
const other = '5f0c0000-0000-4000-8000-000000000002'

t.test(
  'a connection that brings another token is somebody else, and one whose token ends is nobody',
  async t => {
    const tokens = createTestTokens()
    const { app } = await createServer({
      name: 'core',
      description: 'a test',
      log: pino({ level: 'silent' }),
      jwks: tokens.jwks,
    })
    app.get('/v1/core/me', async request => ({ org: identityOf(request).organisation }))
    const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/v1/core/me`
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.teardown(() => agent.destroy())
    t.teardown(() => app.close())
    const sockets = new Set<unknown>()
    const ask = (headers: Record<string, string>) =>
      new Promise<unknown>((resolve, reject) => {
        const request = get(url, { agent, headers }, answer => {
          let text = ''
          answer.setEncoding('utf8').on('data', piece => {
            text += piece
          })
          answer.on('end', () =>
            resolve(answer.statusCode === 200 ? JSON.parse(text).org : answer.statusCode),
          )
        })
        request.on('socket', socket => sockets.add(socket)).on('error', reject)
      })
    const first = tokens.header({ organisation: one, expiresIn: 60 })
    const second = tokens.header({ organisation: other, expiresIn: 60 })
    const weak = tokens.header({ organisation: other, scopes: [] })
    for (let turn = 0; turn < 3; turn++) {
      t.equal(await ask(first), one)
      t.equal(await ask(first), one)
      t.equal(await ask(second), other)
      t.equal(await ask({}), 401)
      t.equal(await ask({ authorization: `${first.authorization}x` }), 401)
      t.equal(await ask(weak), other)
    }
    t.equal(await ask(first), one)
    const later = Date.now() + 61_000
    t.intercept(Date, 'now', { value: () => later })
    t.equal(await ask(first), 401, 'known to this connection, and over')
    t.equal(sockets.size, 1)
  },
)
