import t from 'tap'
import { createOperations } from './socket-operations.ts'
import { modern } from './socket-protocol.ts'

const session = { role: 'user', vars: {} }

t.test(
  'what goes wrong in the engine is told to the client and to the log, and thrown at nobody',
  async t => {
    const sent: string[] = []
    const errors: unknown[] = []
    const fault = new RangeError('Maximum call stack size exceeded')
    const operations = createOperations({
      engine: {
        subscribe({ body }) {
          if (body === 'now') throw fault
          return undefined
        },
        graphql: () => Promise.reject(fault),
      },
      protocol: modern,
      send: text => sent.push(text),
      ready: () => true,
      most: 10,
      lost: () => t.fail('nothing is lost'),
      onError: error => errors.push(error),
    })
    t.equal(operations.start('1', 'now', session), true)
    t.equal(operations.start('2', 'later', session), true)
    await new Promise(setImmediate)
    t.same(errors, [fault, fault])
    t.match(
      sent.map(text => JSON.parse(text)),
      ['1', '2'].map(id => ({ id, type: 'error', payload: [{ message: 'unexpected' }] })),
    )
    t.equal(operations.size(), 0)
  },
)
