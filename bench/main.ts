/** `npm run bench -- NAME [--json]`: runs bench/NAME.ts. */
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const [name, ...args] = process.argv.slice(2)
const names = (await readdir(new URL('.', import.meta.url)))
  .filter(
    file =>
      file.endsWith('.ts') &&
      !['main.ts', 'figures.ts'].includes(file) &&
      // What serves one of them is named after it: prices-data.ts.
      !file.includes('-') &&
      !file.endsWith('.test.ts'),
  )
  .map(file => file.replace(/\.ts$/, ''))
if (!name || !names.includes(name)) {
  console.log(`npm run bench -- NAME [--json]\n\nNAME is one of: ${names.join(', ')}`)
  process.exitCode = name && name !== '--help' ? 1 : 0
} else {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], { stdio: 'inherit' })
  child.once('close', code => {
    process.exitCode = code ?? 1
  })
}
