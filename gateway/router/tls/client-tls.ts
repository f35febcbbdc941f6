/** `tls` of what the router asks itself (Redis, forwardAuth): `{ ca: /certs/own.pem, insecureSkipVerify: false }`. */
import { z } from 'zod'
import { flag, text } from '../configuration/values.ts'
import { readPem } from './certificates.ts'
import { authorities } from './client-auth.ts'

/** Each is PEM text, or a path that counts from the file which names it. */
export const clientTlsSchema = z
  .strictObject({
    ca: text.optional(),
    cert: text.optional(),
    key: text.optional(),
    insecureSkipVerify: flag.default(false),
  })
  .refine(({ cert, key }) => Boolean(cert) === Boolean(key), 'cert and key go together')

export type ClientTls = z.infer<typeof clientTlsSchema>

/** Node's options; `file`: where this stands. Throws an Error for files that cannot be read. */
export function nodeClientTls({ ca, cert, key, insecureSkipVerify }: ClientTls, file: string) {
  return {
    rejectUnauthorized: !insecureSkipVerify,
    ...(ca && { ca: authorities(readPem(ca, file)) }),
    ...(cert && { cert: readPem(cert, file) }),
    ...(key && { key: readPem(key, file) }),
  }
}
