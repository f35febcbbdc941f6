/** Problems in the OpenAPI documents, and the checks that fields of requests share. */
import { z } from 'zod'

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('What is wrong, and what to do about it'),
    instance: z.string().optional(),
    request_id: z.string().optional().describe('Finds the request in the logs'),
    trace_id: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' })

/** What each status means, wherever it comes from. */
export const meanings = {
  400: 'The request is not valid; `errors` says which fields and why',
  401: 'No valid API key or token',
  403: 'The key lacks the scope',
  404: 'Not there, or not for the caller to see',
  409: 'It collides with what is there',
  410: 'It was there, and is not any more',
  413: 'The body is too large',
  415: 'The body is of another media type than the operation takes',
  422: 'Understood, but it cannot be done',
  429: 'Too many requests; `retry-after` says when to come back',
  503: 'The service cannot answer now; try again later',
} as const

/** The `response` entries of a route that may answer with these statuses: `...problems(400, 404)`. 401 and 403 too. */
export function problems(...statuses: (keyof typeof meanings)[]) {
  return publicProblems(401, 403, ...statuses)
}

/** As `problems`, for a route without a key. */
export function publicProblems(...statuses: (keyof typeof meanings)[]) {
  return Object.fromEntries(
    statuses.map(status => [
      status,
      { description: meanings[status], content: { 'application/problem+json': { schema: problemSchema } } },
    ]),
  )
}

/** A day that Postgres has: its calendar begins with the year 1. */
export const dayField = z.iso.date().refine(day => day >= '0001', 'is before the year 1')

/** A moment that Postgres takes: zones are less than 16 hours from UTC. */
export const timeField = z.iso
  .datetime({ offset: true })
  .refine(
    time => time >= '0001' && !/[+-](1[6-9]|2\d):\d\d$/.test(time),
    'is no time of this calendar, or of no zone',
  )

/** A text that Postgres can hold, and its JSON: trimmed, not empty, without NUL and halves of characters. */
export function textField(maxLength: number) {
  return z
    .string()
    .trim()
    .min(1, 'is empty: leave it out or give a value')
    .max(maxLength)
    .refine(text => !text.includes('\0'), 'holds a NUL character')
    .refine(text => text.isWellFormed(), 'holds half of a character (a surrogate without its other)')
}
