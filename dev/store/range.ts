import { S3Error } from './errors.ts'
import type { StoredObject } from './objects.ts'

/** A run of bytes, both ends inclusive. */
export type ByteRange = { start: number; end: number }

/**
 * The part of an object that `Range: bytes=…` asks for; undefined means all of it (no header, a form S3 ignores, or
 * several ranges, which S3 does not serve). Throws InvalidRange when it lies behind the end.
 * Source: RFC 9110, 14.1.2 "Byte Ranges".
 */
export function requestedRange(text: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/.exec(text ?? '')
  if (!match) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (start > end || (first === '' && Number(last) === 0)) {
    const fields = { RangeRequested: text ?? '', ActualObjectSize: String(size) }
    throw new S3Error('InvalidRange', undefined, fields)
  }
  return { start, end }
}

/** The bytes of part `partNumber` of an object that came in parts. Throws InvalidRange when it has no such part. */
export function partRange({ segments, size }: StoredObject, partNumber: string): ByteRange | undefined {
  const number = Number(partNumber)
  const segment = segments[number - 1]
  if (!/^\d{1,5}$/.test(partNumber) || !segment) {
    throw new S3Error('InvalidRange', 'The requested partnumber is not satisfiable', {
      ActualObjectSize: String(size),
    })
  }
  if (size === 0) return undefined
  const start = segments.slice(0, number - 1).reduce((sum, before) => sum + before.size, 0)
  return { start, end: start + segment.size - 1 }
}
