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

/** The text of an answer, with gaps for what is not known before Postgres is asked: a text, a gap, a text … */
export type Layout = { texts: string[]; gaps: string[] }

/** `json`: of a member that is known. */
export function layoutOf(members: (Rooted & { json: string | undefined })[]): Layout {
  const texts = ['{"data":{']
  const gaps: string[] = []
  const add = (text: string) => {
    texts[texts.length - 1] += text
  }
  const write = (member: (typeof members)[number]) => {
    add(`${JSON.stringify(member.key)}:${member.json ?? ''}`)
    if (member.json === undefined) {
      gaps.push(memberId(member))
      texts.push('')
    }
  }
  for (const [position, each] of nestedMembers(members).entries()) {
    if (position > 0) add(',')
    if ('member' in each) {
      write(each.member)
      continue
    }
    add(`${JSON.stringify(each.key)}:{`)
    for (const [within, member] of each.members.entries()) {
      if (within > 0) add(',')
      write(member)
    }
    add('}')
  }
  add('}}')
  return { texts, gaps }
}

export function laidOut({ texts, gaps }: Layout, found: ReadonlyMap<string, string>): string {
  let text = texts[0] ?? ''
  for (const [position, id] of gaps.entries()) text += (found.get(id) ?? 'null') + texts[position + 1]
  return text
}
