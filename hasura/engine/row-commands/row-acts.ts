/** Commands on rows, for the metadata API's `acts`. Any role may send them, within its permissions. */
import type { Act } from '../metadata-api/acts.ts'
import { deleteRows, updateRows } from './change-rows.ts'
import { countRows } from './count-rows.ts'
import { insertRows } from './insert-rows.ts'
import { selectRows } from './select-rows.ts'

/** `stringify`: big numbers are answered as strings. */
export function rowActs({ stringify = false }: { stringify?: boolean } = {}): Record<string, Act> {
  return {
    select: selectRows(stringify),
    insert: insertRows(stringify),
    update: updateRows(stringify),
    delete: deleteRows(stringify),
    count: countRows,
  }
}
