/**
 * Where a loading thread begins, in JavaScript: with the compile cache on before any TypeScript is asked for, the types
 * of our modules are stripped once and not in every thread. That saves a tenth of a second a load, and keeps the
 * stripper's WebAssembly out of threads that come and go, which V8 answers now and then with a fatal error
 * (`jit_page_->allocations_.erase`, https://github.com/nodejs/node/issues/64500).
 */
import { enableCompileCache } from 'node:module'

enableCompileCache()
await import('./thread-main.ts')
