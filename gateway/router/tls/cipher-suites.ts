/**
 * Cipher suites in the words of OpenSSL. As Go does it (crypto/tls, cipher_suites.go), the order is not the file's: forward
 * secrecy and authenticated encryption come first, whatever stands first there.
 */
import { getCiphers } from 'node:tls'

// Go does not let these be chosen: they are always on for TLS 1.3.
const always = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

/** What is offered where no file says anything: nothing without forward secrecy. */
export const defaultSuites = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
]

const preferred = [
  ...defaultSuites,
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_RSA_WITH_AES_128_CBC_SHA',
  'TLS_RSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_RSA_WITH_AES_128_CBC_SHA256',
]

/** A list for `ciphers`. Throws an Error with a sentence for a suite that there is not. */
export function opensslSuites(names: readonly string[]): string {
  const known = names.map(name => name.replace(/(CHACHA20_POLY1305)$/, '$1_SHA256'))
  const rank = (name: string) => (preferred.includes(name) ? preferred.indexOf(name) : preferred.length)
  const sorted = known.filter(name => !always.includes(name)).toSorted((a, b) => rank(a) - rank(b))
  return [...always, ...new Set(sorted.map(opensslSuite))].join(':')
}

/** TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 → ECDHE-RSA-AES128-GCM-SHA256 */
function opensslSuite(name: string): string {
  const [, exchange = '', cipher = ''] = /^TLS_(\w+)_WITH_(\w+)$/.exec(name) ?? []
  const parts = cipher
    .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20_POLY1305')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace('_CBC', '')
  const made = [...(exchange === 'RSA' ? [] : [exchange]), parts].join('-').replaceAll('_', '-')
  if (!getCiphers().includes(made.toLowerCase())) throw new Error(`there is no cipher suite "${name}" here`)
  return made
}
