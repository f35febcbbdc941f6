/**
 * One of the servers that `bench/graphql.ts` compares, in a process of its own: `engine`, `postgraphile`, or `bare`, which
 * sends one prepared statement whatever it is asked and passes on the text as it comes. Tells its port to its parent.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEngine } from '@glimmr/engine/engine'
import pg from 'pg'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { metadata, questions, role } from './graphql-data.ts'

const [kind = '', databaseUrl = ''] = process.argv.slice(2)
const connections = 8
const kinds: Record<string, () => Promise<Server>> = { engine, postgraphile: ofPostgraphile, bare }
const server = await kinds[kind]?.()
server?.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
// The parent is gone: so are we.
process.once('disconnect', () => process.exit())

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, text: string): void {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  response.writeHead(200, headers).end(text)
}

async function engine(): Promise<Server> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections })
  const made = await createEngine({ metadata, pools: { default: pool } })
  const session = { role, vars: { 'x-hasura-role': role } }
  return createServer(async (request, response) => {
    const { body } = await made.graphql({ body: JSON.parse(await bodyOf(request)), session })
    send(response, body)
  })
}

/** The path says which question: `/0`, `/1`. */
async function bare(): Promise<Server> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections })
  const types = { getTypeParser: () => (value: string) => value }
  const statements = questions.map(({ sql }, n) => ({ name: `q${n}`, text: sql, rowMode: 'array', types }))
  return createServer(async (request, response) => {
    await bodyOf(request)
    const { rows } = await pool.query<string[]>(statements[Number(request.url?.slice(1))] ?? '')
    send(response, rows[0]?.[0] ?? '')
  })
}

async function ofPostgraphile(): Promise<Server> {
  const instance = postgraphile({
    extends: [PostGraphileAmberPreset],
    pgServices: [
      makePgService({ connectionString: databaseUrl, schemas: ['music'], poolConfig: { max: connections } }),
    ],
    grafserv: { graphqlPath: '/graphql', watch: false, graphiql: false },
  })
  const made = createServer()
  await instance.createServ(grafserv).addTo(made)
  return made
}
