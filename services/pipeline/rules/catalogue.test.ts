import t from 'tap'
import { type Rule, rules } from './catalogue.ts'
import { refusals } from './refusals.ts'

const all: Rule[] = Object.values(rules)

t.test('every rule has an id of its own, which tells its layer, and no refusal has it too', async t => {
  const ids = all.map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length)
  for (const { id, layer } of all) t.match(id, new RegExp(`^${layer}\\.[a-z0-9.-]+$`))
  // The one name on both lists says the same twice: no rows.
  t.same(
    ids.filter(id => Object.hasOwn(refusals, id.replace('glimmr.', ''))),
    [],
  )
})

t.test('every sentence begins with what to do, and ends', async t => {
  const verbs =
    'Add Answer Check Close Correct Double Encode Explain Export Fill Give Keep Leave Name Put Publish Quote Remove Replace Save Shorten Describe Use Write'
  const allowed = new Set(verbs.split(' '))
  for (const { id, message } of all) {
    t.ok(allowed.has(message.split(' ')[0] ?? ''), `${id}: ${message}`)
    t.match(message, /[.}]$/, id)
  }
})
