import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const command = fileURLToPath(new URL('ingest.ts', import.meta.url))

t.test('a file that is not there, and a folder, are said to be that; the others go on', async t => {
  const good = fileURLToPath(
    new URL('../../dev/samples/041000001_river-valley-hospital_standardcharges.csv', import.meta.url),
  )
  const { code, stdout } = await new Promise<{ code: unknown; stdout: string }>(resolve =>
    execFile(
      process.execPath,
      [command, '--json', 'nowhere.csv', import.meta.dirname, good],
      (error, stdout) => resolve({ code: error?.code ?? 0, stdout }),
    ),
  )
  t.equal(code, 1)
  t.match(
    stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
    [
      { file: 'nowhere.csv', verdict: null, error: 'there is no such file' },
      { verdict: null, error: 'it is a folder, not a file' },
      { verdict: 'valid', error: null, cpu_s: Number },
    ],
  )
})
