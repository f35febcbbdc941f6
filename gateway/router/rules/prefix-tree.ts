/**
 * Values filed under prefixes of a text. All that a text begins with are found in one walk over it, however many there
 * are: each step compares a piece and follows one branch.
 */

export type PrefixTree<Value> = {
  /** Files under `prefix` what `change` makes of the value that is there. */
  put(prefix: string, change: (before: Value | undefined) => Value): void
  /** Everything that `text` begins with, the shortest first. */
  visit(text: string, see: (value: Value) => void): void
}

type Node<Value> = {
  /** Of the way from the node above. */
  piece: string
  value: Value | undefined
  below: Map<number, Node<Value>>
}

export function createPrefixTree<Value>(): PrefixTree<Value> {
  const node = (piece: string): Node<Value> => ({ piece, value: undefined, below: new Map() })
  const root = node('')

  function find(prefix: string): Node<Value> {
    let current = root
    let at = 0
    while (at < prefix.length) {
      const code = prefix.charCodeAt(at)
      const next = current.below.get(code)
      if (!next) {
        const made = node(prefix.slice(at))
        current.below.set(code, made)
        return made
      }
      const shared = sharedLength(next.piece, prefix, at)
      current = shared === next.piece.length ? next : split(current, code, next, shared)
      at += shared
    }
    return current
  }

  /** A node in the middle of the way to `next`. */
  function split(above: Node<Value>, code: number, next: Node<Value>, length: number): Node<Value> {
    const middle = node(next.piece.slice(0, length))
    next.piece = next.piece.slice(length)
    middle.below.set(next.piece.charCodeAt(0), next)
    above.below.set(code, middle)
    return middle
  }

  return {
    put(prefix, change) {
      const found = find(prefix)
      found.value = change(found.value)
    },
    visit(text, see) {
      let current: Node<Value> | undefined = root
      for (let at = 0; ; ) {
        if (current.value !== undefined) see(current.value)
        current = current.below.get(text.charCodeAt(at))
        if (!current || !text.startsWith(current.piece, at)) return
        at += current.piece.length
      }
    },
  }
}

function sharedLength(piece: string, text: string, at: number): number {
  let length = 0
  while (length < piece.length && piece.charCodeAt(length) === text.charCodeAt(at + length)) length++
  return length
}
