/** What else a dynamic file depends on: certificates, keys and authorities that it names by their paths. */
import { readPem } from '../tls/certificates.ts'

const names = new Set(['certFile', 'keyFile', 'caFiles', 'rootCAs', 'ca', 'cert', 'key'])

/** Their contents, in the order in which they are named; undefined: it cannot be read. */
export function namedFiles(value: unknown, file: string): (string | undefined)[] {
  const found: (string | undefined)[] = []
  const visit = (one: unknown, named: boolean) => {
    if (typeof one === 'string' && named) found.push(content(one, file))
    else if (Array.isArray(one)) for (const item of one) visit(item, named)
    else if (typeof one === 'object' && one !== null)
      for (const [name, inner] of Object.entries(one)) visit(inner, names.has(name))
  }
  visit(value, false)
  return found
}

function content(path: string, file: string): string | undefined {
  try {
    return readPem(path, file)
  } catch {
    return undefined
  }
}
