/** Where the tape of a JSON object stands in the kernel's memory: ../tape-kernel.ts must agree. */

/** Of an object of half a megabyte and more. Larger ones are read by scan/json-tape.ts itself. */
export const mostTokens: i32 = 0x10000
export const mostEscaped: i32 = 0x1000
export const mostDepth: i32 = 64

export const openAt: usize = 0x261000
export const keySlotsAt: usize = 0x262000
export const keySlots: i32 = 256
export const keyTextsAt: usize = 0x263000
export const keyTextsEnd: usize = 0x264000
export const escapedAt: usize = 0x264000
export const kindsAt: usize = 0x270000
/** Of a key its number, of a number whether it is a plain amount. */
export const notesAt: usize = 0x280000
export const startsAt: usize = 0x290000
export const endsAt: usize = 0x2d0000
export const aftersAt: usize = 0x310000
// … 0x350000
