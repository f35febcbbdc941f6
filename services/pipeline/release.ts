/**
 * Frees the memory of an array at once. The collector would let some 64 MB of such memory gather first, as much again as a load
 * needs. Nothing may refer to the array any more, the operating system's writes least of all.
 */
export function release({ buffer, byteLength }: ArrayBufferView): void {
  // A small Buffer is part of a pool.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
