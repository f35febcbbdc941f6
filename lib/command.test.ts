import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

const dir = await mkdtemp(join(tmpdir(), 'glimmr-command-'))
t.teardown(() => rm(dir, { recursive: true, force: true }))
const program = join(dir, 'program.mjs')
await writeFile(
  program,
  `import { readOptions, runCommand } from '${new URL('command.ts', import.meta.url)}'
  import { readConfig } from '${new URL('config.ts', import.meta.url)}'
  import { createConnection } from 'node:net'
  import { once } from 'node:events'
  import { z } from '${import.meta.resolve('zod')}'
  const { what } = readOptions({ what: { type: 'string', default: 'nothing' } }, 'how to use it')
  await runCommand(async () => {
    if (what === 'setting') readConfig(z.object({ WANTED: z.string() }), {})
    if (what === 'away') await once(createConnection(1, '127.0.0.1'), 'connect')
    if (what === 'fault') undefined.x
    if (what === 'much') for await (const line of process.stdin) process.stdout.write('a line')
    console.log(what)
  })`,
)

function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise(resolve =>
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    ),
  )
}

t.test('a command explains itself, and names what it does not know', async t => {
  t.match(await run('--help'), { code: 0, stdout: 'how to use it\n', stderr: '' })
  t.match(await run('-h'), { code: 0, stdout: 'how to use it\n' })
  t.match(await run('--bogus'), { code: 2, stdout: '', stderr: /--bogus[\s\S]*how to use it/ })
  t.match(await run('bogus'), { code: 2, stdout: '', stderr: /"bogus" is no option[\s\S]*how to use it/ })
  t.match(await run(), { code: 0, stdout: 'nothing\n' })
})

t.test('what the caller can mend is told in a line; a fault of ours keeps its stack', async t => {
  t.match(await run('--what', 'setting'), { code: 1, stderr: /WANTED: not set/ })
  t.notMatch((await run('--what', 'setting')).stderr, /\bat /)
  t.match(await run('--what', 'away'), { code: 1, stderr: /^connect ECONNREFUSED.*\n$/ })
  t.match(await run('--what', 'fault'), { code: 1, stderr: /\bat file:/ })
})

t.test('a reader that has seen enough ends neither the work nor its exit code', async t => {
  const child = spawn(process.execPath, [program, '--what', 'much'], { stdio: ['pipe', 'pipe', 'pipe'] })
  const faults: Buffer[] = []
  child.stderr.on('data', part => faults.push(part))
  child.stdin.write('one')
  await once(child.stdout, 'data')
  child.stdout.destroy()
  await once(child.stdout, 'close')
  child.stdin.write('two')
  child.stdin.end('three')
  t.same(await once(child, 'close'), [0, null])
  t.equal(Buffer.concat(faults).toString(), '')
})
