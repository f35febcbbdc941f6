/** Where an export's thread begins: with the compile cache on before any TypeScript is asked for (nodejs/node#64500). */
import { enableCompileCache } from 'node:module'

enableCompileCache()
await import('./thread-main.ts')
