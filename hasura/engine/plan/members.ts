/** The members of an answer's `data`: root fields, and those inside of a source's namespace. */

export type Rooted = { key: string /** The key of the namespace that it stands in. */; within?: string }

/** Unique among the root fields of a request. */
export function memberId({ key, within }: Rooted): string {
  return within === undefined ? key : `${within}\0${key}`
}

export type Nested<M> = { key: string } & ({ member: M } | { members: M[] })

/** In the order of the selection; a namespace's members together, where the first of them stands. */
export function nestedMembers<M extends Rooted>(members: M[]): Nested<M>[] {
  const nested: Nested<M>[] = []
  const open = new Map<string, M[]>()
  for (const member of members) {
    const { key, within } = member
    if (within === undefined) {
      nested.push({ key, member })
      continue
    }
    const known = open.get(within)
    if (known) {
      known.push(member)
      continue
    }
    const inside = [member]
    open.set(within, inside)
    nested.push({ key: within, members: inside })
  }
  return nested
}
