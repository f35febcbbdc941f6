/**
 * What is wrong with a value, in words of ours: zod's own ("Too big: expected number to be <=500") are for whoever wrote the
 * schema. Each reads on after the name of the field: "limit is larger than 500". A schema's own message comes first.
 */
import { type $ZodRawIssue, type $ZodType, safeParse } from 'zod/v4/core'

export type Fault = { path: (string | number)[]; message: string }

/** The parsed value, or every fault. */
export function parsePlainly<Schema extends $ZodType>(schema: Schema, value: unknown) {
  const { data, error } = safeParse(schema, value, { error: plainFault })
  if (!error) return { value: data as Schema['_zod']['output'] }
  const faults = error.issues.flatMap(({ path, message, ...issue }): Fault[] => {
    const names = path.map(part => (typeof part === 'number' ? part : String(part)))
    // One fault a field that is not known, under its name.
    if (issue.code !== 'unrecognized_keys') return [{ path: names, message }]
    return issue.keys.map(key => ({ path: [...names, key], message }))
  })
  return { faults }
}

const kinds: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

const formats: Record<string, string> = {
  uuid: 'a UUID',
  url: 'a URL',
  date: 'a day such as 2026-05-01',
  datetime: 'a time such as 2026-05-01T12:00:00Z',
}

/** zod's error map. */
export function plainFault(issue: $ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing'
      if (Array.isArray(issue.input)) return `is not ${kinds[issue.expected] ?? issue.expected}, but a list`
      return `is not ${kinds[issue.expected] ?? issue.expected}`
    case 'too_big':
      return beyond(issue.origin, 'larger', issue.maximum, issue.inclusive)
    case 'too_small':
      return beyond(issue.origin, 'smaller', issue.minimum, issue.inclusive)
    case 'invalid_format':
      return `is not ${formats[issue.format] ?? `of the form ${issue.pattern ?? issue.format}`}`
    case 'invalid_value':
      return `${issue.input === undefined ? 'is missing:' : 'is not'} ${oneOf(issue.values)}`
    case 'not_multiple_of':
      return `is not a multiple of ${issue.divisor}`
    case 'unrecognized_keys':
      return 'is not known here'
    case 'invalid_union':
      return issue.options ? `is not ${oneOf(issue.options)}` : 'is none of the forms that are taken here'
    default:
      return 'is not valid'
  }
}

function oneOf(values: unknown): string {
  const list = Array.isArray(values) ? values : [values]
  return `${list.length > 1 ? 'one of ' : ''}${list.join(', ')}`
}

function beyond(
  origin: string,
  side: 'larger' | 'smaller',
  bound: number | bigint | Date,
  inclusive: boolean | undefined,
): string {
  if (origin !== 'number' && side === 'smaller' && bound === 1) return 'is empty'
  const [more, less] = origin === 'string' ? ['longer', 'shorter'] : ['larger', 'smaller']
  const word = side === 'larger' ? more : less
  if (origin === 'array') return `has ${side === 'larger' ? 'more' : 'fewer'} than ${bound} entries`
  const unit = origin === 'string' ? ' characters' : ''
  return inclusive === false ? `is ${bound}${unit} or ${word}` : `is ${word} than ${bound}${unit}`
}
