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

function run(program: string, args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise(resolve =>
    execFile(program, args, { cwd: root, env: { PATH: process.env.PATH } }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    ),
  )
}
