/** Keys and tokens on a running platform, from outside: made, used, rotated, revoked, expired; a second tenant; slow clients. */
import { execFile } from 'node:child_process'
import { createPrivateKey, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { rawRequest, sendRaw, statusOf } from '@glimmr/gateway/router/test-router'
import t from 'tap'
import { testPlatform } from './test-platform.ts'

const { dataDir, start } = testPlatform(t)
const platform = await start({ samples: false, env: { CORE_LIMIT: '1000' } })
t.teardown(() => platform.stop())
const { gateway_url: url, keys } = platform.file

const command = fileURLToPath(new URL('../gateway/auth/keys.ts', import.meta.url))
const run = promisify(execFile)

/** `npm run keys -- …` on this platform; what it prints for programs. */
async function keysCommand<Answer>(...args: string[]): Promise<Answer> {
  const { stdout } = await run(process.execPath, [command, ...args, '--data', dataDir, '--json'])
  return JSON.parse(stdout)
}

/** What it says when it fails. */
async function failure(...args: string[]): Promise<string> {
  const [outcome] = await Promise.allSettled([keysCommand(...args)])
  return outcome.status === 'rejected' ? String(outcome.reason.stderr) : 'it did not fail'
}

type Body = Record<string, unknown>

async function call(key: string, path: string, body?: Body, method = body ? 'POST' : 'GET') {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, body: (text ? JSON.parse(text) : {}) as Body, headers: answer.headers }
}

async function tokenOf(key: string): Promise<string> {
  return String((await call(key, '/v1/core/tokens', {})).body.access_token)
}

async function publishedKids(): Promise<string[]> {
  const { keys: published } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as {
    keys: { kid: string }[]
  }
  return published.map(one => one.kid)
}

/** Tries until `wanted`; the milliseconds it took. */
async function untilTrue(wanted: () => Promise<boolean>, limitMs: number): Promise<number> {
  const began = performance.now()
  while (!(await wanted()) && performance.now() - began < limitMs) await wait(100)
  return performance.now() - began
}

type MadeKey = { id: string; key: string; prefix: string }

t.test(
  'a key made by the command works at once; revoked, it and its token end within five seconds',
  async t => {
    const made = await keysCommand<MadeKey>('create', '--name', 'a test', '--role', 'partner', '--days', '2')
    const token = await tokenOf(made.key)
    for (const credential of [made.key, token])
      t.equal((await call(credential, '/v1/core/files')).status, 200)
    const listed = await keysCommand<{ api_keys: { prefix: string; revoked_at: string | null }[] }>('list')
    t.match(
      listed.api_keys.find(one => one.prefix === made.prefix),
      { revoked_at: null },
    )
    await keysCommand('revoke', made.prefix)
    const tookMs = await untilTrue(async () => {
      const statuses = [made.key, token].map(async one => (await call(one, '/v1/core/files')).status)
      return (await Promise.all(statuses)).every(status => status === 401)
    }, 8_000)
    t.ok(tookMs < 5_500, `${Math.round(tookMs)} ms`)
    t.match((await call(made.key, '/v1/core/files')).body, { status: 401, detail: 'The API key was revoked' })
  },
)

t.test('a rotation needs no restart; tokens of before stay good', async t => {
  const token = await tokenOf(keys.viewer)
  const before = await publishedKids()
  const rotated = await keysCommand<{ signing_keys: { kid: string; state: string }[] }>('rotate')
  t.match(rotated.signing_keys[0], { kid: before[1], state: 'signs' })
  await untilTrue(async () => (await publishedKids())[0] === before[1], 5_000)
  const after = await publishedKids()
  t.same([after[0], after[2]], [before[1], before[0]], 'next signs, the old key is published on')
  t.equal((await call(token, '/v1/core/files')).status, 200)
  const fresh = await tokenOf(keys.viewer)
  const { kid } = JSON.parse(Buffer.from(fresh.split('.')[0] ?? '', 'base64url').toString())
  t.equal(kid, before[1])
  for (const path of ['/v1/core/files', '/v1/links/links'])
    t.equal((await call(fresh, path)).status, 200, `${path} believes the new key`)
  t.match(await failure('rotate'), /try again in \d+ s, or rotate with --now/)
})

t.test('a token that has expired is refused, with the way to a new one', async t => {
  const token = await tokenOf(keys.viewer)
  const [header = '', body = ''] = token.split('.')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
  const stored = JSON.parse(await readFile(join(dataDir, 'auth-keys', 'signing-keys.json'), 'utf8'))
  const now = Math.floor(Date.now() / 1000)
  const signed = (more: Body) => {
    const content = `${header}.${Buffer.from(JSON.stringify({ ...claims, ...more })).toString('base64url')}`
    const key = createPrivateKey({ key: stored.current.key, format: 'jwk' })
    return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`
  }
  t.equal((await call(signed({}), '/v1/core/files')).status, 200, 'signed as the platform signs')
  const expired = await call(signed({ iat: now - 901, exp: now - 1 }), '/v1/core/files')
  t.match(expired.body, { status: 401, detail: /expired; get a new one from POST \/v1\/core\/tokens/ })
  t.match(expired.headers.get('www-authenticate'), /^Bearer .*error="invalid_token"/)
})

t.test('a second tenant sees nothing of the first, and ends when it is suspended', async t => {
  const { id } = (await call(keys.admin, '/v1/core/organisations', { name: 'Second' })).body
  const role = (name: string) =>
    call(keys.admin, '/v1/core/api-keys', { name, roles: [name], organisation_id: id }).then(made =>
      String(made.body.key),
    )
  const [admin, uploader] = [await role('admin'), await role('uploader')]
  const upload = await call(keys.uploader, '/v1/media/presign', {
    filename: 'prices.csv',
    size_bytes: 10,
    content_type: 'text/csv',
  })
  const link = await call(keys.partner, '/v1/links/links', { kind: 'price', query: { code: '70551' } })
  t.same([upload.status, link.status], [201, 201])
  t.equal((await call(uploader, `/v1/media/uploads/${upload.body.upload_id}`)).status, 404)
  t.equal((await call(uploader, `/v1/links/links/${link.body.id}`, undefined, 'DELETE')).status, 404)
  for (const [path, list] of [
    ['/v1/media/uploads', 'uploads'],
    ['/v1/links/links', 'links'],
  ] as const)
    t.same((await call(uploader, path)).body[list], [], path)
  const own = (await call(admin, '/v1/core/api-keys')).body.api_keys as { name: string }[]
  t.same(own.map(key => key.name).sort(), ['admin', 'uploader'], 'an admin of theirs sees their keys only')
  t.equal((await call(admin, '/v1/core/organisations')).status, 403)
  await call(keys.admin, `/v1/core/organisations/${id}`, { suspended: true }, 'PATCH')
  const tookMs = await untilTrue(
    async () => (await call(uploader, '/v1/media/uploads')).status === 401,
    8_000,
  )
  t.ok(tookMs < 5_500, `${Math.round(tookMs)} ms`)
  t.equal((await call(keys.uploader, '/v1/media/uploads')).status, 200, 'the first goes on')
})

t.test('no spelling of a path leads a key where its scopes do not, from one service to another', async t => {
  const port = Number(new URL(url).port)
  // A viewer may read core and links, not media; nobody may reach what services keep for themselves.
  const wanted = ['media/uploads', 'core/api-keys', 'core/audit-log']
  const inside = ['metrics', 'readyz', 'verify?scope=core:read', 'problems/429']
  const ways = (target: string) => [
    `/v1/core/../${target}`,
    `/v1/core/files/../../${target}`,
    `/v1/core/%2e%2e/${target}`,
    `/v1/core/..%2f${target}`,
    `/v1/core/%2e%2e%2f${target}`,
    `/v1/core/..%252f${target}`,
    `/v1/core/%252e%252e/${target}`,
    `/v1/core/..;/${target}`,
    `/v1/core/..\\${target}`,
    `/v1/core/..%5c${target}`,
    `/v1/core//../${target}`,
    `/v1/core/./../${target}`,
    `/v1/core/health/../../${target}`,
    `/v1/core/openapi.json/../../${target}`,
    `/l/../v1/${target}`,
    `/l/%2e%2e/v1/${target}`,
    `/l/..%2fv1%2f${target}`,
    `/.well-known/jwks.json/../../v1/${target}`,
    `/v1/links/graphql/..%00/../../${target}`,
    `http://x/v1/core/../${target}`,
    `//v1/${target}`,
    `/v1//${target}`,
    `/V1/${target}`,
    `/v1/${target};x`,
    `/v1/${target}%20`,
  ]
  const targets = [...wanted.flatMap(ways), ...inside.flatMap(target => ways(`../${target}`))]
  for (const key of [keys.viewer, undefined]) {
    const passed: string[] = []
    for (const target of targets) {
      const headers = key === undefined ? [] : [`Authorization: Bearer ${key}`]
      const answer = await sendRaw(port, rawRequest(target, headers))
      if (statusOf(answer) < 300) passed.push(`${target}: ${statusOf(answer)}`)
    }
    t.same(passed, [], `${targets.length} paths ${key ? 'of a viewer' : 'without a key'}`)
  }
})

t.test('clients that send slowly, or read nothing, hold nobody up', async t => {
  const port = Number(new URL(url).port)
  const head = `GET /v1/core/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${keys.viewer}\r\n`
  const slow: Socket[] = Array.from({ length: 200 }, (_, index) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    // Half a head, half a body, or a request whose answer is never read.
    if (index % 3 === 0) socket.write(head)
    else if (index % 3 === 1)
      socket.write(
        `${head.replace('GET /v1/core/files', 'POST /v1/core/hospitals')}Content-Length: 99\r\n\r\n{`,
      )
    else socket.write(`${head}\r\n`)
    return socket
  })
  t.teardown(() => {
    for (const socket of slow) socket.destroy()
  })
  await Promise.all(slow.map(socket => new Promise(connected => socket.once('connect', connected))))
  const began = performance.now()
  for (let turn = 0; turn < 10; turn++) t.equal((await call(keys.partner, '/v1/core/files')).status, 200)
  const tookMs = performance.now() - began
  t.ok(tookMs < 5_000, `ten requests beside 200 slow clients: ${Math.round(tookMs)} ms`)
})

t.test('the command says what is wrong in a sentence', async t => {
  const wrong: [string[], RegExp][] = [
    [['spin'], /There is no command "spin"/],
    [[], /Give a command/],
    [['create', '--name', 'x', '--role', 'king'], /not valid/],
    [['create', '--role', 'viewer'], /--name NAME/],
    [['revoke', 'glm_nobodyss'], /There is no API key glm_nobodyss/],
    [['revoke', '00000000-0000-4000-8000-00000000dead'], /There is no API key/],
    [['rotate', '--algorithm', 'HS256'], /--algorithm takes RS256/],
    [['rotate', '--keys-dir', join(dataDir, 'nowhere')], /There are no signing keys in/],
    [['revoke', 'glm_aaaaaaaa', '--gateway', 'http://127.0.0.1:9'], /Give --key, too: .* sent nowhere else/],
    [['list', '--key', 'glm_x', '--gateway', url], /form of an API key/],
    [['list', '--key', 'glm_x', '--gateway', 'http://127.0.0.1:1'], /Nothing answers/],
  ]
  for (const [args, stderr] of wrong) t.match(await failure(...args), stderr, args.join(' '))
  const { stdout } = await run(process.execPath, [command, 'rotate', '--help'])
  t.match(stdout, /--stolen/)
})
