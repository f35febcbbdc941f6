import t from 'tap'
import { z } from 'zod'
import { readConfig } from './config.ts'
import { databaseUrl } from './database-url.ts'

const read = (url: string) => readConfig(z.object({ DATABASE_URL: databaseUrl }), { DATABASE_URL: url })

t.test('a URL that pg takes is taken, over TCP or a socket', async t => {
  for (const url of [
    'postgresql://glimmr_core:secret@postgres/glimmr',
    'postgres://glimmr_core:a%2Fb%40c@127.0.0.1:5432/glimmr?application_name=x',
    'postgresql://glimmr@%2Ftmp%2Fsocket/glimmr',
  ])
    t.equal(read(url).DATABASE_URL, url)
})

t.test('a password that breaks the URL is told by how to write it, and not shown', async t => {
  for (const url of [
    'postgresql://glimmr:se/cret@postgres/glimmr',
    'postgresql://glimmr:se%cret@x:y/glimmr',
    'mysql://secret@x/y',
  ]) {
    t.throws(() => read(url), { message: /DATABASE_URL: is not a postgresql:\/\/ URL.*percent-encoded/ }, url)
    try {
      read(url)
    } catch (error) {
      t.notMatch(String(error), /cret/)
    }
  }
})
