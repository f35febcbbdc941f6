/** In the OpenAPI documents: an answer that is streamed and is no JSON. */
import type { Readable } from 'node:stream'
import { z } from 'zod'

/** A string in the document, a stream in the handler: what is streamed passes no serializer. */
export function binary(): z.ZodType<Readable> {
  return z.string().meta({ format: 'binary' }) as unknown as z.ZodType<Readable>
}
