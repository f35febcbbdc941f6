import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'

const root = join(import.meta.dirname, '..', '..')
const sample = join(root, 'dev/samples/041000001_river-valley-hospital_standardcharges.csv')

async function folder(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'glimmr-upload-'))
  await chmod(dir, 0o755) // the account of PostgreSQL has to pass
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** The whole platform as a user starts it. */
async function startPlatform(t: Test): Promise<string> {
  const dir = await folder(t)
  const args = [join(root, 'start.ts'), '--no-samples', '--port', '0', '--store-port', '0', '--data', dir]
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(async () => {
    if (child.exitCode === null && child.kill('SIGINT')) await once(child, 'exit')
  })
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', line => {
      if (line.includes('Glimmr is up')) resolve()
    })
    child.once('exit', code => reject(new Error(`the platform ended with ${code}`)))
  })
  return dir
}

async function upload(...args: string[]): Promise<{ code: number | null; output: string }> {
  const script = join(import.meta.dirname, 'upload.ts')
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
  const [code] = await once(child, 'close')
  return { code, output }
}

t.test(
  'a file becomes prices, a second time it is known, and what is none is refused with the reason',
  async t => {
    const data = await startPlatform(t)
    const first = await upload(sample, '--data', data, '--hospital', 'River Valley Hospital')
    t.equal(first.code, 0, first.output)
    t.match(first.output, /hospital River Valley Hospital \([0-9a-f-]{36}\)/)
    t.match(first.output, /sending 100 % {2}3\.2 kB of 3\.2 kB\n/, 'plain lines where there is no terminal')
    t.match(first.output, /trace [0-9a-f]{32}/)
    t.match(first.output, /Published as file \d+\./)
    t.match(first.output, /11 rows = 11 loaded \+ 0 rejected/)
    t.notMatch(first.output, /glm_/, 'no key on the screen')
    const paste = first.output.slice(first.output.indexOf('  KEY='))
    const { stdout } = await promisify(execFile)('bash', ['-c', paste])
    t.match(JSON.parse(stdout), { prices: [{ description: String }] }, 'the call that is printed works')
    const again = await upload(sample, '--data', data)
    t.match(again, { code: 0, output: /These very bytes were loaded before, as file \d+/ })
    const pdf = join(await folder(t), 'prices.csv')
    await writeFile(pdf, '%PDF-1.7\n')
    t.match(await upload(pdf, '--data', data), { code: 1, output: /The file was rejected[\s\S]*PDF/ })
    const wrongKey = await upload(sample, '--data', data, '--key', 'glm_guess')
    t.match(wrongKey, { code: 1, output: /The key is not accepted/ })
  },
)

t.test('what cannot be is said in a sentence, with a way out', async t => {
  const dir = await folder(t)
  t.match(await upload('--help'), { code: 0, output: /npm run upload -- FILE/ })
  t.match(await upload(), { code: 1, output: /Give one file/ })
  t.match(await upload('a', 'b'), { code: 1, output: /Give one file/ })
  t.match(await upload('a', '--hospitel', 'x'), { code: 1, output: /Unknown option '--hospitel'/ })
  t.match(await upload(sample, '--data', dir), { code: 1, output: /No platform is running on .*npm start/s })
  await writeFile(
    join(dir, 'platform.json'),
    JSON.stringify({ gateway_url: 'http://127.0.0.1:9', keys: { uploader: 'secret' } }),
  )
  const elsewhere = await upload(sample, '--data', dir, '--gateway', 'http://127.0.0.1:10')
  t.match(elsewhere, { code: 1, output: /Give --key, too: .* is for http:\/\/127\.0\.0\.1:9/ })
  const same = await upload(sample, '--data', dir, '--gateway', 'http://localhost:9')
  t.match(same, { code: 1, output: /Nothing answers at http:\/\/localhost:9/ })
  const remote = (url: string, file = sample) => upload(file, '--gateway', url, '--key', 'x')
  t.match(await remote('nowhere'), { code: 1, output: /--gateway takes a URL, not "nowhere"/ })
  t.match(await remote('http://127.0.0.1:9'), {
    code: 1,
    output: /Nothing answers at http:\/\/127\.0\.0\.1:9/,
  })
  t.match(await remote('http://127.0.0.1:9', join(dir, 'none')), { code: 1, output: /There is no file/ })
  t.match(await remote('http://127.0.0.1:9', dir), { code: 1, output: /is not a file/ })
  const empty = join(dir, 'empty.csv')
  await writeFile(empty, '')
  t.match(await remote('http://127.0.0.1:9', empty), { code: 1, output: /is empty/ })
})
