/**
 * What is too slow in JavaScript: see ../README.md. AssemblyScript (assemblyscript.org), compiled to ../kernel.wasm by `npm run
 * kernel`. What is exported here is what ../kernel.ts and its neighbours call and know.
 */
export { learnKey } from './keys.as'
export { learn, learnSet, reset } from './known.as'
export { bytesAt, columnBytes, columnsAt, mostColumns, mostRows, rowBytes, rowsAt } from './memory.as'
export { printHigh, printLow, printOf } from './print.as'
export { carriages, feeds, take } from './rows.as'
export { escaped, objectEnd, parse } from './tape.as'
export {
  endsAt,
  escapedAt,
  aftersAt,
  kindsAt,
  mostEscaped,
  mostTokens,
  notesAt,
  startsAt,
} from './tape-memory.as'
