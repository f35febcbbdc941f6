/**
 * A statement as it goes over the wire: parsed once under its name, then bound and executed. Nobody asks Postgres to
 * describe its columns, and nobody reads them: everything is taken as the text that it comes as.
 *
 * `pg` hands its connection to whatever has a `submit`, and calls the `handle…` methods as messages come in.
 *
 * Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY,
 * https://node-postgres.com/apis/client#clientquery
 */
import type pg from 'pg'

export type TextRow = (string | null)[]
export type TextStatement = {
  text: string
  /** Each in the form that Postgres reads. */
  values: (string | null)[]
  /** Under which it stays prepared on its connection; equal names are equal texts. */
  name: string | undefined
}
type Done = (error: Error | null, rows: TextRow[]) => void

/** Of `pg`'s connection, what its types do not show. */
type Wire = {
  stream: { cork(): void; uncork(): void }
  /** Of what is prepared, or on its way to be, the texts by name. */
  parsedStatements: Record<string, string>
  submittedNamedStatements: Record<string, string>
  parse(statement: { name: string | undefined; text: string }): void
  bind(portal: { statement: string | undefined; values: (string | null)[] }): void
  execute(portal: object): void
  sync(): void
  sendCopyFail(reason: string): void
}

export function queryText(client: pg.ClientBase, statement: TextStatement): Promise<TextRow[]> {
  const query = client.query as (query: TextQuery, done: Done) => void
  return new Promise((resolve, reject) => {
    // As an argument, not a member: whoever traces `query` looks for it there.
    query.call(client, new TextQuery(statement), (error, rows) => (error ? reject(error) : resolve(rows)))
  })
}

class TextQuery {
  readonly text: string
  readonly name: string | undefined
  readonly values: (string | null)[]
  /** Set by `pg` to what was given beside the query. */
  callback: Done | undefined
  #rows: TextRow[] = []

  constructor({ text, values, name }: TextStatement) {
    this.text = text
    this.values = values
    this.name = name
  }

  submit(wire: Wire): null {
    const { text, name, values } = this
    // One write, not four.
    wire.stream.cork()
    if (name === undefined || !(wire.parsedStatements[name] ?? wire.submittedNamedStatements[name])) {
      wire.parse({ name, text })
      if (name !== undefined) wire.submittedNamedStatements[name] = text
    }
    wire.bind({ statement: name, values })
    wire.execute({})
    wire.sync()
    wire.stream.uncork()
    return null
  }

  handleDataRow({ fields }: { fields: TextRow }): void {
    this.#rows.push(fields)
  }

  handleReadyForQuery(): void {
    this.callback?.(null, this.#rows)
  }

  handleError(error: Error): void {
    this.callback?.(error, [])
  }

  handleCopyInResponse(wire: Wire): void {
    wire.sendCopyFail('nothing is copied here')
    // The one that was sent before was taken for a part of the copy.
    wire.sync()
  }

  handleRowDescription(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
}
