/**
 * `npm run parity -- [--traefik BIN] [--requests N] [--seed S] [--mixed] [--json]`: the same requests to gateway/router
 * and to the real Traefik. Exit code 1: they differ and gateway/router/DIFFERENCES.md does not say why.
 */
import { readOptions } from '@glimmr/lib/command'
import { runParity } from './run.ts'
import { findTraefik } from './traefik.ts'

const values = readOptions(
  {
    traefik: { type: 'string' },
    requests: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    mixed: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
  `Sends the same requests to gateway/router and to the real Traefik, and says where they differ.

  npm run parity -- [options]

  --traefik BIN   the real one; else $TRAEFIK, or what scripts/build-traefik.sh has built
  --requests N    how many, 2000 unless said otherwise
  --seed S        the same seed makes the same requests (default 1)
  --mixed         middlewares in an order drawn at random
  --json          the whole report, for programs
  --help          this text`,
)

const binary = values.traefik ?? findTraefik(process.env)
if (!binary) {
  console.log(
    'parity: skipped, there is no Traefik here (scripts/build-traefik.sh builds it where there is Go)',
  )
} else {
  const report = await runParity({
    binary,
    requests: Number(values.requests),
    seed: Number(values.seed),
    mixed: values.mixed,
  })
  const { requests, same, onPurpose, unexplained, sequences } = report
  const differing = sequences.filter(({ ours, traefik }) => ours !== traefik)
  if (values.json) console.log(JSON.stringify(report))
  else {
    for (const { kind, entryPoint, request, details } of unexplained.slice(0, 50))
      console.log(`${kind} on ${entryPoint}: ${request}\n  ${details.join('\n  ')}`)
    console.log(
      `${requests} requests, seed ${values.seed}: ${same} the same, ${unexplained.length} unexplained differences`,
    )
    for (const [reason, count] of Object.entries(onPurpose)) console.log(`  on purpose: ${count} × ${reason}`)
    for (const { name, ours, traefik } of differing) console.log(`${name} differs:\n  ${ours}\n  ${traefik}`)
    console.log(`${sequences.length - differing.length} of ${sequences.length} sequences the same`)
  }
  if (unexplained.length > 0 || differing.length > 0) process.exitCode = 1
}
