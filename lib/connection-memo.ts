/**
 * What was made of a text, for as long as the connection it came on brings the same text again: a client sends its
 * credential with every request, and to hash it every time is a tenth of what a small answer costs.
 *
 * The text is compared with nothing but what the same connection sent before, so the time this takes tells nobody
 * anything about another's; and it is kept no longer than the connection is open. A map by the text itself, of all
 * clients together, would do neither.
 */
export type ConnectionMemo<Made> = {
  get(connection: object, text: string): Made | undefined
  /** In place of what the connection brought before. */
  set(connection: object, text: string, made: Made): void
}

export function createConnectionMemo<Made>(): ConnectionMemo<Made> {
  const last = new WeakMap<object, { text: string; made: Made }>()
  return {
    get(connection, text) {
      const before = last.get(connection)
      return before?.text === text ? before.made : undefined
    },
    set: (connection, text, made) => void last.set(connection, { text, made }),
  }
}
