/**
 * Keys of eight bytes that have one hash in load/byte-index.ts: what the first four make of it, the others undo. They may hold
 * any byte.
 */
export function meeting(n: number): Buffer {
  const key = Buffer.alloc(8)
  key.writeInt32LE(n, 0)
  let hash = Math.imul(0x811c9dc5 + 8, 0x01000193)
  hash = Math.imul(hash ^ n, 0x85ebca6b)
  hash ^= hash >>> 15
  key.writeInt32LE(hash ^ 0x1234567, 4)
  return key
}
