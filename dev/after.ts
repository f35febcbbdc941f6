/** Run by tap after all tests. */
import { stopTestServer } from './test-server.ts'

await stopTestServer()
