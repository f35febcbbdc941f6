/**
 * Frees the memory of an array at once: a thread that makes little other garbage waits long for a collection, and such memory
 * gathers meanwhile. Nothing may refer to the array any more, the operating system's writes least of all.
 */
export function release({ buffer, byteLength }: ArrayBufferView): void {
  // A small Buffer is part of a pool.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
