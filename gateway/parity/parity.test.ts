import t from 'tap'
import { createRandom } from './corpus/random.ts'
import { generateCorpus } from './corpus.ts'
import { runParity } from './run.ts'
import { findTraefik } from './traefik.ts'

const binary = findTraefik(process.env)

t.test('a seed gives one corpus, another seed another', t => {
  const bytes = (seed: number) =>
    Buffer.concat(generateCorpus(seed, 50).map(one => one.bytes)).toString('base64')
  t.equal(bytes(1), bytes(1))
  t.not(bytes(1), bytes(2))
  t.equal(createRandom(7).below(1000), createRandom(7).below(1000))
  t.end()
})

t.test(
  'the router and the real Traefik answer alike, and hand on alike',
  { skip: binary ? false : 'no Traefik here: scripts/build-traefik.sh builds it where there is Go' },
  async t => {
    const report = await runParity({ binary: String(binary), requests: 1000, seed: 1 })
    t.same(report.unexplained, [])
    for (const { name, ours, traefik } of report.sequences) t.equal(ours, traefik, name)
    t.ok(report.same > 800, `${report.same} of ${report.requests} are the same to the byte`)
  },
)
