/**
 * Where a connection reads into. Most answers are short: plain connections share one buffer, which the system fills right
 * before it is looked at, and what is kept of it is copied. An answer that fills the buffer gets others of its own, which are
 * handed on as they are and used again when they are written: a GiB leaves no garbage behind.
 */
const sizeBytes = 65_536
const maxSpare = 16

/** Pieces that are shorter are copied: they would keep the whole of it. */
const worthKeepingBytes = 16_384

export type ReadBuffer = {
  bytes: Buffer
  /** Absent where pieces are always copied. */
  users: number | undefined
}

const shared: ReadBuffer = { bytes: Buffer.allocUnsafeSlow(sizeBytes), users: undefined }
const spare: Buffer[] = []

/** `ownBuffer`: TLS hands on a record at a time, and may do so while another connection is at its own. */
export function firstBuffer(ownBuffer: boolean): ReadBuffer {
  return ownBuffer ? { bytes: Buffer.allocUnsafeSlow(16_384), users: undefined } : shared
}

export function takeBuffer(): ReadBuffer {
  return { bytes: spare.pop() ?? Buffer.allocUnsafeSlow(sizeBytes), users: 1 }
}

/** One user less. The last one gives it back. */
export function leaveBuffer(buffer: ReadBuffer): void {
  if (buffer.users === undefined) return
  buffer.users--
  if (buffer.users === 0 && spare.length < maxSpare) spare.push(buffer.bytes)
}

export type Piece = {
  bytes: Buffer
  /** To be called once when the bytes are not needed any more; who cannot tell does not call it. */
  release: (() => void) | undefined
}

export function cutPiece(buffer: ReadBuffer, from: number, to: number): Piece {
  const part = buffer.bytes.subarray(from, to)
  if (buffer.users === undefined || to - from < worthKeepingBytes)
    return { bytes: Buffer.from(part), release: undefined }
  buffer.users++
  return { bytes: part, release: () => leaveBuffer(buffer) }
}
