/**
 * Which repetitions JavaScript's engine could go through in more ways than there are atoms: it tries them one after the other,
 * and a short path would hold the process for minutes. Go's engine does not try. `(a+)+`, `(a|a)*` and `(a?)*` are found,
 * `(/[a-z]+)*` is told apart by its slash.
 */
import { overlap, type Ranges, Unshared } from './go-classes.ts'

/** What has just been read, and may be repeated: the characters that it begins with (undefined: not known). */
export type Atom = { ranges: Ranges | undefined; group?: Group }

/** Of one group, while it is read. */
export type Group = {
  /** What may be gone through in several ways within it, by the characters that it takes; undefined: not known. */
  loops: (Ranges | undefined)[]
  /** All that it may take. */
  taken: Ranges | undefined
  /** What each alternative begins with. */
  beginnings: (Ranges | undefined)[]
  /** Of the last alternative; undefined: it may come several times, or not at all. */
  atoms: (Atom | undefined)[]
}

export const newGroup = (): Group => ({ loops: [], taken: [], beginnings: [], atoms: [] })

export function addAtom(group: Group, atom: Atom): void {
  const taken = takenBy(atom)
  group.atoms.push(atom)
  group.taken = group.taken && taken && [...group.taken, ...taken]
  if (!atom.group) return
  group.loops.push(...atom.group.loops)
  if (!toldApart(atom.group)) group.loops.push(taken)
}

export function endAlternative(group: Group): void {
  group.beginnings.push(group.atoms[0]?.ranges)
}

/** The last atom of `group` is repeated, `often` where that can take long. Throws an Error with a sentence. */
export function repeat(group: Group, atom: Atom, often: boolean): void {
  const { group: inner } = atom
  if (inner && often && !(toldApart(inner) && separated(inner)))
    throw new Unshared('what is repeated can be read in several ways, and to try them all takes too long')
  group.atoms[group.atoms.length - 1] = undefined
  group.loops.push(takenBy(atom))
}

const takenBy = ({ ranges, group }: Atom) => (group ? group.taken : ranges)

function toldApart({ beginnings }: Group): boolean {
  if (beginnings.length < 2) return true
  return beginnings.every(
    (one, index) =>
      one !== undefined && beginnings.slice(index + 1).every(other => other && !overlap(one, other)),
  )
}

/** Each round begins or ends with a character that nothing else in it can take. */
function separated({ loops, beginnings, atoms }: Group): boolean {
  if (loops.length === 0) return true
  if (beginnings.length > 1) return false
  return [atoms[0], atoms.at(-1)].some(
    atom => isMark(atom) && loops.every(ranges => ranges !== undefined && !overlap(ranges, atom.ranges)),
  )
}

/** One character without a twin in the other case. */
function isMark(atom: Atom | undefined): atom is Atom & { ranges: Ranges } {
  const [only, ...others] = atom?.ranges ?? []
  if (!only || others.length > 0 || only[0] !== only[1] || atom?.group) return false
  return !/\p{L}/u.test(String.fromCodePoint(only[0]))
}
