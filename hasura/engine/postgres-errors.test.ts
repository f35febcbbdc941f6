import { test } from 'tap'
import { databaseError } from './postgres-errors.ts'

const refused = (code: string) => {
  const { code: word, message } =
    databaseError(Object.assign(new Error('said'), { code, severity: 'ERROR' })) ?? {}
  return `${word}: ${message}`
}

test('what Postgres refuses is told in the words for its state', t => {
  for (const [state, said] of [
    ['23001', 'constraint-violation: Can not delete or update due to data being referred. said'],
    ['23502', 'constraint-violation: Not-NULL violation. said'],
    ['23503', 'constraint-violation: Foreign key violation. said'],
    ['23505', 'constraint-violation: Uniqueness violation. said'],
    ['23514', 'permission-error: Check constraint violation. said'],
    ['23P01', 'constraint-violation: Exclusion violation. said'],
    ['23000', 'constraint-violation: said'],
    ['22025', 'bad-request: said'],
    ['22P02', 'data-exception: said'],
    ['40001', 'concurrent-update: serialization failure due to concurrent update'],
    ['42704', 'constraint-error: said'],
    ['42P10', 'constraint-error: there is no unique or exclusion constraint on target column(s)'],
    ['42883', 'unexpected: database query error'],
    ['57014', 'unexpected: database query error'],
  ] as const)
    t.equal(refused(state), said, state)
  t.equal(databaseError(new Error('connection lost')), undefined, 'what the server did not say is no answer')
  t.end()
})
