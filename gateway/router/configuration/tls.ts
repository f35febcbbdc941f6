/**
 * `tls` of the dynamic files: certificates, named sets of options, the default certificate.
 * https://doc.traefik.io/traefik/reference/routing-configuration/http/tls/tls-certificates/
 * https://doc.traefik.io/traefik/reference/routing-configuration/http/tls/tls-options/
 *
 *   tls:
 *     certificates: [{ certFile: /certs/api.pem, keyFile: /certs/api.key }]
 *     options: { default: { minVersion: VersionTLS12, sniStrict: true } }
 *     stores: { default: { defaultCertificate: { certFile: /certs/any.pem, keyFile: /certs/any.key } } }
 */
import { z } from 'zod'
import { flag, text, texts } from './values.ts'

/** Each is a path (relative ones count from the file that names them) or the PEM text itself. */
export const certificate = { certFile: text, keyFile: text }

export const tlsVersion = z.enum(['VersionTLS10', 'VersionTLS11', 'VersionTLS12', 'VersionTLS13'])

const options = z.strictObject({
  minVersion: tlsVersion.default('VersionTLS12'),
  maxVersion: tlsVersion.optional(),
  cipherSuites: texts.optional(),
  curvePreferences: texts.optional(),
  clientAuth: z
    .strictObject({
      caFiles: texts.default([]),
      clientAuthType: z
        .enum([
          'NoClientCert',
          'RequestClientCert',
          'RequireAnyClientCert',
          'VerifyClientCertIfGiven',
          'RequireAndVerifyClientCert',
        ])
        .optional(),
    })
    .prefault({}),
  sniStrict: flag.default(false),
  alpnProtocols: texts.default(['http/1.1']),
  disableSessionTickets: flag.default(false),
})

export const tlsSchema = z.strictObject({
  certificates: z
    .array(z.strictObject({ ...certificate, stores: z.array(z.literal('default')).optional() }))
    .default([]),
  options: z.record(z.string(), options).default({}),
  stores: z
    .strictObject({
      default: z.strictObject({ defaultCertificate: z.strictObject(certificate).optional() }).optional(),
    })
    .default({}),
})

/** What a router, or an entry point for all of its routers, says of TLS. `{}` is enough to have it. */
export const routerTls = z
  .strictObject({ options: text.default('default') })
  .nullable()
  .transform(value => value ?? { options: 'default' })

export type CertificateFiles = { certFile: string; keyFile: string }
export type TlsOptions = z.infer<typeof options>
export const defaultTlsOptions: TlsOptions = options.parse({})
