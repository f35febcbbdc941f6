import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Test, test } from 'tap'
import { readMetadata } from './metadata.ts'

async function folder(t: Test, files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'glimmr-metadata-'))
  t.teardown(() => rm(root, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return root
}

test('includes work as a tag and as a string, each relative to its own file', async t => {
  const root = await folder(t, {
    'databases/databases.yaml':
      '- name: default\n  tables: "!include default/tables.yaml"\n  functions: !include default/functions.yaml\n',
    'databases/default/tables.yaml': '- "!include author.yaml"\n- !include article.yaml\n',
    'databases/default/author.yaml': 'table: author\n',
    'databases/default/article.yaml': 'table: { schema: a, name: article }\n',
    'databases/default/functions.yaml': '[]\n',
    'actions.graphql': 'type Mutation { go: Int }',
    'inherited_roles.yaml': '- role_name: both\n  role_set: [a, b]\n',
  })
  const { metadata, inconsistencies } = await readMetadata(root)
  t.same(inconsistencies, [])
  t.same(metadata.sources, [
    {
      name: 'default',
      tables: [{ table: 'author' }, { table: { schema: 'a', name: 'article' } }],
      functions: [],
    },
  ])
  t.same(metadata.inherited_roles, [{ role_name: 'both', role_set: ['a', 'b'] }])
})

test('a file that cannot be read is named, and the others are read', async t => {
  const root = await folder(t, {
    'databases/databases.yaml': '- name: default\n  tables: "!include ../../../etc/passwd"\n',
    'inherited_roles.yaml': '- role_name: [unclosed\n',
    'network.yaml': '{}\n',
    'cron_triggers.yaml': '"!include cron_triggers.yaml"\n',
  })
  const { metadata, inconsistencies } = await readMetadata(root)
  t.same(metadata.sources, [])
  t.same(
    inconsistencies.map(({ name }) => name),
    ['databases/databases.yaml', 'cron_triggers.yaml', 'inherited_roles.yaml'],
  )
  t.match(inconsistencies[0]?.reason, /outside of the metadata folder/)
  t.match(inconsistencies[1]?.reason, /nested deeper/)
})

test('an empty folder is empty metadata', async t => {
  t.same(await readMetadata(await folder(t, {})), {
    metadata: { version: 3, sources: [] },
    inconsistencies: [],
  })
})
