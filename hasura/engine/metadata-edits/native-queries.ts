/** Native queries and logical models are kept out of the schema; what may not be said about them is. */
import { RequestError } from '../errors.ts'
import { sourceName } from '../metadata-api/arguments.ts'
import type { Edit } from './edit.ts'

const unsupported: Edit = (draft, args) => {
  const source = sourceName(args)
  if (!draft.sources.some(({ name }) => name === source))
    throw new RequestError('not-found', '$.args', `Source "${source}" not found.`)
  throw new RequestError(
    'not-supported',
    '$.args',
    'native queries and logical models are not supported by this server',
  )
}

export const nativeQueryEdits: Record<string, Edit> = Object.fromEntries(
  [
    'track_native_query',
    'untrack_native_query',
    'track_logical_model',
    'untrack_logical_model',
    'create_logical_model_select_permission',
    'drop_logical_model_select_permission',
  ].map(name => [name, unsupported]),
)
