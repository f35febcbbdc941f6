import t from 'tap'
import { watchFiles } from './watch.ts'

t.test('a folder that the system does not watch is told of, and nothing else happens', t => {
  const told: unknown[] = []
  const watcher = watchFiles({
    directory: 'no\0folder',
    throttleMs: 1,
    onChange: () => t.fail('nothing changes'),
    onError: error => told.push(error),
  })
  t.match(told, [{ code: 'ERR_INVALID_ARG_VALUE' }])
  watcher.stop()
  t.end()
})
