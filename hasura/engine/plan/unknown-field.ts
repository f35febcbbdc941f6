/** A name that a type does not have. What Hasura has and this engine never will is told as such. */
import { invalid, RequestError } from '../errors.ts'

const federation = new Set(['_service', '_entities'])

export function unknownField(path: string, name: string, type: string): RequestError {
  if (type === 'query_root' && federation.has(name))
    return new RequestError('not-supported', path, 'Apollo federation is not supported by this server')
  if (name.startsWith('_st_'))
    return new RequestError(
      'not-supported',
      path,
      `the operators of PostGIS are not supported by this server: '${name}'`,
    )
  return invalid(path, `field '${name}' not found in type: '${type}'`)
}
