/** What a column allows, whoever asks. */
import type { Column, Table } from '../model.ts'

/** Whether GraphQL has a name for it that is its own. */
export function isShown({ fields }: Pick<Table, 'fields'>, column: Column): boolean {
  return fields.get(column.field) === column
}

/** Whether a value may be given for it: not where Postgres always makes one itself. */
export function isWritable({ catalog }: Pick<Column, 'catalog'>): boolean {
  return !catalog.generated && catalog.identity !== 'a'
}
