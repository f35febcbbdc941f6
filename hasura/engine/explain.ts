/** The SQL of a mutation, without running it. */
import type { Mutation } from './mutation/mutation.ts'
import type { Plan } from './plan/plan.ts'
import { printDelete, printInsert, printUpdate } from './print/mutation.ts'
import { printSelections } from './print/select.ts'
import type { Statement } from './print/text.ts'

export type Explained = { field: string; sql: string }

/** One entry per statement. Nested inserts are given by their outermost row: the others depend on what it returns. */
export function explainMutation({ roots }: Plan): Explained[] {
  return roots.flatMap(root => {
    if (root.is === 'json' || root.is === 'stream') return []
    const statements =
      root.is === 'query' ? [printSelections([root.selection])] : mutationStatements(root.mutation)
    return statements.map(({ text }) => ({ field: root.key, sql: text }))
  })
}

function mutationStatements(mutation: Mutation): Statement[] {
  switch (mutation.is) {
    case 'insert':
      return [printInsert(mutation.insert, mutation.insert.rows, mutation.output)]
    case 'update':
      return mutation.updates.map(update => printUpdate(update, mutation.output))
    case 'delete':
      return [printDelete(mutation.delete, mutation.output)]
  }
}
