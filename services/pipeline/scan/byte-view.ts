/**
 * A buffer as words: comparing and hashing four bytes a step takes a third of the time of byte by byte. The view of the last
 * buffer is kept, because a chunk holds hundreds of cells. Each caller has one of its own: they ask about other buffers.
 */
export function createByteView(): (bytes: Buffer) => DataView<ArrayBufferLike> {
  let of: Buffer | undefined
  let view: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0))
  return bytes => {
    if (bytes !== of) {
      of = bytes
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    return view
  }
}
