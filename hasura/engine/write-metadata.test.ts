import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'tap'
import { parse } from 'yaml'
import { readMetadata } from './metadata.ts'
import { metadataFiles } from './write-metadata.ts'

const own = join(import.meta.dirname, '../metadata')

test("the project's own folder comes back as the same files with the same content", async t => {
  const { metadata } = await readMetadata(own)
  const files = metadataFiles(metadata)
  const there = (await readdir(own, { recursive: true })).filter(name => /\.(yaml|graphql)$/.test(name))
  t.same([...files.keys()].toSorted(), there.toSorted())
  for (const [name, text] of files) t.same(parse(text), parse(await readFile(join(own, name), 'utf8')), name)
})

test('what was written is read as what it was, and written as the same bytes', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'glimmr-metadata-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const metadata = {
    version: 3,
    sources: [
      {
        name: 'default',
        kind: 'postgres',
        configuration: { connection_info: { database_url: { from_env: 'PG' } } },
        tables: [
          {
            table: { schema: 'a', name: 'b c' },
            configuration: { comment: 'of "!include x.yaml"\n- #1: yes' },
          },
        ],
        functions: [{ function: { schema: 'public', name: 'find' } }],
      },
    ],
    inherited_roles: [{ role_name: 'both', role_set: ['x', 'y'] }],
    cron_triggers: [{ name: 'c', webhook: '{{HOOK}}', schedule: '* * * * *' }],
  }
  const files = metadataFiles(metadata)
  for (const [name, text] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  const read = await readMetadata(folder)
  t.same(read.inconsistencies, [])
  t.match(read.metadata, { sources: metadata.sources, inherited_roles: metadata.inherited_roles })
  t.same([...metadataFiles(read.metadata)], [...files])
})

test('a name that would leave the folder is no file', t => {
  for (const name of ['../x', 'a/b', '.hidden', ''])
    t.throws(() => metadataFiles({ sources: [{ name, tables: [] }] }), /no name for a file/)
  t.end()
})
