/** `npm test`: style, types, dead code, then every test. Prints what failed; the last line is `N passed, N failed`. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const counts = { passed: 0, failed: 0 }

type Step = { name: string; command: string; args: string[] }

const checks: Step[] = [
  { name: 'style', command: 'biome', args: ['check', '.'] },
  { name: 'types', command: 'tsc', args: ['--noEmit'] },
  { name: 'dead code', command: 'knip', args: [] },
]

for (const check of checks) await runCheck(check)
await runTests(process.argv.slice(2))
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed > 0 ? 1 : 0

async function runCheck({ name, command, args }: Step): Promise<void> {
  const output: string[] = []
  const code = await run(command, args, line => output.push(line))
  if (code === 0) counts.passed++
  else {
    counts.failed++
    console.log(output.join('\n'))
  }
  console.log(`${code === 0 ? 'ok' : 'not ok'} - ${name}`)
}

/** tap's own protocol: a top-level line is a test file, lines before it are what happened in it. */
async function runTests(files: string[]): Promise<void> {
  let lines: string[] = []
  let summary = false
  const code = await run('tap', ['--reporter=tap', ...files], line => {
    const total = /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?/.exec(line)
    if (total) {
      summary = true
      counts.passed += Number(total[1] ?? 0)
      counts.failed += Number(total[2] ?? 0)
    }
    const file = /^(not )?ok \d+ - (\S+)/.exec(line)
    if (!file) {
      lines.push(line)
      return
    }
    if (file[1]) console.log(lines.join('\n'))
    for (const skipped of lines.filter(found => /# skip/i.test(found))) console.log(skipped.trim())
    console.log(line.replace(/ \{$/, ''))
    lines = []
  })
  // Also when tap fell over before it could count, or counted no failure (a timeout, a leak, an empty file).
  if (!summary || (code !== 0 && counts.failed === 0)) {
    console.log(lines.join('\n'))
    console.log(`not ok - tap ended with ${code}`)
    counts.failed++
  }
}

function run(command: string, args: string[], onLine: (line: string) => void): Promise<number | null> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  })
  createInterface({ input: child.stdout }).on('line', onLine)
  createInterface({ input: child.stderr }).on('line', onLine)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}
