/** What jose says of a token, as our reasons. */
import { errors } from 'jose'
import { Refusal } from './refusals.ts'

export function tokenRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof errors.JWTExpired) return new Refusal('expired_token', { cause: error })
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud')
    return new Refusal('wrong_audience', { cause: error })
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss')
    return new Refusal('wrong_issuer', { cause: error })
  return new Refusal('bad_token', { cause: error })
}
