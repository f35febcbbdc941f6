/** Every middleware this router knows, by its key in route files. A key that is not here is a start-up error. */
import { addPrefix } from './add-prefix.ts'
import { buffering } from './buffering.ts'
import { chain } from './chain.ts'
import { circuitBreaker } from './circuit-breaker.ts'
import { compress } from './compress.ts'
import { contentType } from './content-type.ts'
import { encodedCharacters } from './encoded-characters.ts'
import { errors } from './errors.ts'
import { forwardAuth } from './forward-auth.ts'
import { headers } from './headers.ts'
import { inFlightReq } from './in-flight-req.ts'
import { ipAllowList } from './ip-allow-list.ts'
import type { MiddlewareKind } from './kind.ts'
import { rateLimit } from './rate-limit.ts'
import { redirectRegex } from './redirect-regex.ts'
import { redirectScheme } from './redirect-scheme.ts'
import { replacePath } from './replace-path.ts'
import { replacePathRegex } from './replace-path-regex.ts'
import { retry } from './retry.ts'
import { stripPrefix } from './strip-prefix.ts'
import { stripPrefixRegex } from './strip-prefix-regex.ts'

export const middlewareKinds = {
  addPrefix,
  buffering,
  chain,
  circuitBreaker,
  compress,
  contentType,
  encodedCharacters,
  errors,
  forwardAuth,
  headers,
  inFlightReq,
  ipAllowList,
  rateLimit,
  redirectRegex,
  redirectScheme,
  replacePath,
  replacePathRegex,
  retry,
  stripPrefix,
  stripPrefixRegex,
} satisfies Record<string, MiddlewareKind>
