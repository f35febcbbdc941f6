/** ops/slo.yml against the running platform: an alert on a metric that nobody exposes never fires. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { testPlatform } from './test-platform.ts'

type Rule = { record?: string; alert?: string; expr: string; annotations?: Record<string, string> }

const ops = fileURLToPath(new URL('../ops/', import.meta.url))
const { groups }: { groups: { rules: Rule[] }[] } = parse(readFileSync(`${ops}slo.yml`, 'utf8'))
const rules = groups.flatMap(group => group.rules)
const { start } = testPlatform(t)

t.test('every metric that an objective or an alert asks for is exposed, with its labels', async t => {
  const platform = await start({ samples: false })
  t.teardown(() => platform.stop())
  const { gateway_url: url, ops_url: opsUrl, keys } = platform.file
  const asked = await fetch(`${url}/v1/core/prices?code=70551`, {
    headers: { authorization: `Bearer ${keys.partner}` },
  })
  t.equal(asked.status, 200)
  const services = ['core', 'media', 'pipeline', 'auth', 'links', 'gateway']
  const texts = await Promise.all(
    services.map(async name => (await fetch(`${opsUrl}/${name}/metrics`)).text()),
  )
  const exposed = texts.join('\n')
  const recorded = new Set(rules.map(rule => rule.record))
  for (const { record, alert, expr } of rules) {
    for (const [name, rest = ''] of expr.matchAll(/\b(?:[a-z]+_)+[a-z]+(\{[^}]*\})?(?=[[ )>=]|$)/g)) {
      const metric = name.replace(rest, '')
      if (recorded.has(metric) || metric.includes('humanize')) continue
      const family = metric.replace(/_(bucket|count|sum)$/, '')
      const named = new RegExp(`^# TYPE (${metric}|${family}) `, 'm')
      t.match(exposed, named, `${record ?? alert} asks for ${metric}`)
      for (const [, label = '', value = ''] of rest.matchAll(/(\w+)="([^"]*)"/g)) {
        if (label === 'outcome') continue // counted from its first time on
        t.match(
          exposed,
          new RegExp(`^${metric}\\{[^}]*${label}="${value}"`, 'm'),
          `${metric} has ${label}="${value}"`,
        )
      }
    }
  }
})

t.test('every alert says what to do', async t => {
  const alerts = rules.filter(rule => rule.alert)
  t.ok(alerts.length > 0)
  for (const { alert, annotations } of alerts)
    t.match(annotations, { summary: /./, action: /./ }, alert ?? '')
})

const absent = spawnSync('promtool', ['--version']).error && 'there is no promtool here'

t.test('the cases of slo.test.yml hold', { skip: absent ?? false }, async t => {
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', `${ops}slo.test.yml`])
  t.equal(status, 0, `${stdout}${stderr}`)
})
