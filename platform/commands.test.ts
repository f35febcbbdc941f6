/** Commands that begin their work without being given anything: asked for --help, they tell it and leave. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('..', import.meta.url))
const { scripts }: { scripts: Record<string, string> } = JSON.parse(
  await readFile(new URL('../package.json', import.meta.url), 'utf8'),
)

for (const name of [
  'rules',
  'kernel',
  'openapi',
  'router',
  'auth',
  'monitors',
  'metadata:apply',
  'check:kernel',
  'check:prices',
  'check:oracle',
  'check:conformance',
  'check:parity',
  'check:proof',
  'check:exports',
  'check:journey',
  'test:crash',
])
  t.test(`npm run ${name} -- --help`, async t => {
    const [program = '', ...args] = String(scripts[name])
      .replace(/^node /, `${process.execPath} `)
      .split(' ')
    const { code, stdout, stderr } = await run(program, [...args, '--help'])
    t.match({ code, stderr }, { code: 0, stderr: '' })
    t.match(stdout, new RegExp(`npm run ${name}`))
  })

for (const main of ['services/core', 'services/media', 'services/pipeline', 'services/links', 'gateway/auth'])
  t.test(`${main} says which settings it lacks, and ends`, async t => {
    const { code, stdout, stderr } = await run(process.execPath, [`${main}/main.ts`])
    t.match({ code, stdout }, { code: 1, stdout: '' })
    t.match(stderr, /^the configuration has \d fault\(s\):\n {2}DATABASE_URL: not set/)
    t.notMatch(stderr, /^ +at /m)
  })

function run(program: string, args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise(resolve =>
    execFile(program, args, { cwd: root, env: { PATH: process.env.PATH } }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    ),
  )
}
