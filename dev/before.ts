/** Run by tap before all tests: the test database is there and migrated. */
import { templateDatabase, testServer } from './test-server.ts'

await templateDatabase(await testServer())
