import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { claimDataFolder } from './data-folder.ts'

t.test('a folder is made with those above it, and is one process’s', async t => {
  const dir = join(t.testdir({}), 'a', 'b')
  const release = await claimDataFolder(dir)
  t.match(await readFile(join(dir, 'glimmr.pid'), 'utf8'), new RegExp(`^${process.pid} `))
  await t.rejects(claimDataFolder(dir), { message: /is running on .* already/ })
  await release()
  t.same(await readdir(dir), [])
})

t.test('a folder that cannot be written to is told in a sentence, at once', async t => {
  const file = join(t.testdir({}), 'file')
  await writeFile(file, 'mine')
  const places = [file, join(file, 'below')]
  if (process.platform === 'linux') places.push('/proc/glimmr/data')
  for (const dir of places)
    await t.rejects(claimDataFolder(dir), {
      message: new RegExp(`^Glimmr cannot write to ${dir}: .*\\. Choose another folder with --data\\.$`),
    })
  t.equal(await readFile(file, 'utf8'), 'mine')
  t.ok((await stat(file)).isFile())
})
