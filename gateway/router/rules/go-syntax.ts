/**
 * Reads an expression as Go does and writes it for JavaScript's `u` flag, form by form: no form is passed on unread.
 * https://pkg.go.dev/regexp/syntax
 */
import { classText, complement, perl, posix, type Ranges, Unshared } from './go-classes.ts'
import { type Atom, addAtom, endAlternative, type Group, newGroup, repeat } from './repetitions.ts'

type Flags = { i: boolean; m: boolean; s: boolean }
type Open = { group: Group; flags: Flags }
/** A class, or one member of it; `text` is what it adds between the brackets. */
type CharacterSet = { text: string; ranges: Ranges | undefined }

/** `ignoreCase` holds for the whole expression. Throws an Error with a sentence, Unshared among them. */
export function readGo(source: string): { text: string; ignoreCase: boolean } {
  const leading = /^\(\?([ims]+)\)/.exec(source)
  const given = leading?.[1] ?? ''
  const flags = { i: given.includes('i'), m: given.includes('m'), s: given.includes('s') }
  return { text: new Reader(source, leading?.[0].length ?? 0, flags).read(), ignoreCase: flags.i }
}

// Go refuses more; what is repeated often enough to take long counts as repeated without end.
const mostRepeats = 1000
const several = 8

class Reader {
  #source: string
  #at: number
  #flags: Flags
  #text = ''
  #group = newGroup()
  #open: Open[] = []
  /** What a `*` would repeat. */
  #atom: Atom | undefined

  constructor(source: string, at: number, flags: Flags) {
    this.#source = source
    this.#at = at
    this.#flags = flags
  }

  read(): string {
    while (this.#at < this.#source.length) this.#step()
    if (this.#open.length > 0) throw new Error('a parenthesis is not closed')
    return this.#text
  }

  /** What `form` (sticky) reads here, and moves on. */
  #take(form: RegExp): RegExpExecArray | undefined {
    form.lastIndex = this.#at
    const found = form.exec(this.#source)
    if (!found) return undefined
    this.#at = form.lastIndex
    return found
  }

  #step(): void {
    const counted = this.#take(/([*+?]|\{(\d+)(?:(,)(\d*))?\})(\??)/y)
    if (counted) return void this.#repeat(counted)
    const character = this.#next()
    if (character === '(') this.#openGroup()
    else if (character === ')') this.#closeGroup()
    else if (character === '|') this.#alternative()
    else if (character === '[') this.#set(this.#class())
    else if (character === '.') this.#set(this.#flags.s ? all : noLineFeed)
    else if (character === '^') this.#assert(this.#flags.m ? '(?<![^\\n])' : '^')
    else if (character === '$') this.#assert(this.#flags.m ? '(?![^\\n])' : '$')
    else if (character === '\\') this.#escape()
    else this.#literal(character.codePointAt(0) ?? 0)
  }

  #next(): string {
    const code = this.#source.codePointAt(this.#at)
    const character = code === undefined ? '' : String.fromCodePoint(code)
    this.#at += character.length
    return character
  }

  #alternative(): void {
    endAlternative(this.#group)
    this.#group.atoms = []
    this.#atom = undefined
    this.#text += '|'
  }

  #add(text: string, atom: Atom): void {
    this.#text += text
    this.#atom = atom
    addAtom(this.#group, atom)
  }

  #literal(code: number): void {
    const character = String.fromCodePoint(code)
    const text = /[$()*+./?[\\\]^{|}]/.test(character) ? `\\${character}` : character
    this.#add(text, { ranges: [[code, code]] })
  }

  #set({ text, ranges }: CharacterSet): void {
    this.#add(`[${text}]`, { ranges })
  }

  /** Of no width: Go would let it be repeated. */
  #assert(text: string): void {
    this.#text += text
    this.#atom = undefined
  }

  #repeat([form, sign = '', least, comma, most, lazy = '']: RegExpExecArray): void {
    const counts = [least, most].filter(Boolean).map(Number)
    if (!this.#atom || counts.some(count => count > mostRepeats))
      throw new Error(`there is nothing to repeat, or not so often: ${form}`)
    const endless = sign === '*' || sign === '+' || (comma !== undefined && most === '')
    const often = endless || Math.max(...counts, 0) >= several
    const fixed = sign !== '?' && !endless && comma === undefined
    if (often || !fixed) repeat(this.#group, this.#atom, often)
    this.#atom = undefined
    this.#text += sign + lazy
  }

  #openGroup(): void {
    const flags = this.#flags
    this.#open.push({ group: this.#group, flags })
    this.#group = newGroup()
    this.#atom = undefined
    const named = this.#take(/\?P?<(\w+)>/y)
    if (named) {
      this.#text += `(?<${named[1]}>`
      return
    }
    const flagged = this.#take(/\?([ims]*)(?:-([ims]+))?:/y)
    if (!flagged) {
      if (this.#source[this.#at] === '?') throw new Unshared('a group of its own kind')
      this.#text += '('
      return
    }
    const [, on = '', off = ''] = flagged
    const is = (flag: keyof Flags) => (flags[flag] || on.includes(flag)) && !off.includes(flag)
    this.#flags = { i: is('i'), m: is('m'), s: is('s') }
    this.#text += this.#flags.i === flags.i ? '(?:' : this.#flags.i ? '(?i:' : '(?-i:'
  }

  #closeGroup(): void {
    const outer = this.#open.pop()
    if (!outer) throw new Error('a parenthesis closes nothing')
    const group = this.#group
    endAlternative(group)
    this.#group = outer.group
    this.#flags = outer.flags
    this.#add(')', { ranges: group.beginnings.length === 1 ? group.beginnings[0] : undefined, group })
  }

  #escape(): void {
    const anchor = this.#take(/[AzbB]/y)?.[0]
    const set = anchor === undefined ? this.#shorthand() : undefined
    if (anchor === 'A') this.#assert(this.#flags.m ? '(?<![^])' : '^')
    else if (anchor === 'z') this.#assert(this.#flags.m ? '(?![^])' : '$')
    else if (anchor) this.#assert(`\\${anchor}`)
    else if (set) this.#set(set)
    else this.#literal(this.#escaped())
  }

  /** `\d`, `\S`, `\pL`, `\p{^Greek}`: behind the backslash. */
  #shorthand(): CharacterSet | undefined {
    const letter = this.#take(/[dswDSW]/y)?.[0]
    if (letter) return this.#of(perl[letter.toLowerCase()] ?? [], letter < 'a')
    const property = this.#take(/([pP])(?:\{(\^?)(\w+)\}|([A-Z]))/y)
    if (!property) return undefined
    const [, sign, not, long = '', short = long] = property
    const negative = (sign === 'P') !== (not === '^')
    if (negative && this.#flags.i) throw new Unshared('what a property leaves out, in either case')
    // A category has one or two letters, everything else is a script.
    const name = /^(?:Any|[A-Z][a-z]?)$/.test(short) ? short : `Script=${short}`
    return { text: `\\${negative ? 'P' : 'p'}{${name}}`, ranges: undefined }
  }

  #of(ranges: Ranges, negative: boolean): CharacterSet {
    // Beyond ASCII there are letters that are the other case of k and s: left out by the one engine, not by the other.
    if (negative && this.#flags.i && ranges.some(([from]) => from >= 0x41))
      throw new Unshared('no letter, in either case')
    const own = negative ? complement(ranges) : ranges
    return { text: classText(own), ranges: own }
  }

  /** The code point of what stands behind a backslash. */
  #escaped(): number {
    const octal = this.#take(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y)
    if (octal) return Number.parseInt(octal[0], 8)
    const hex = this.#take(/x(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))/y)
    if (hex) return Number.parseInt(hex[1] ?? hex[2] ?? '', 16)
    const control = this.#take(/[afnrtv]/y)
    if (control) return controls[control[0]] ?? 0
    const sign = this.#take(/[!-/:-@[-`{-~]/y)
    if (!sign) throw new Unshared('an escape of its own')
    return sign[0].charCodeAt(0)
  }

  #class(): CharacterSet {
    const negative = this.#take(/\^/y) !== undefined
    const members: CharacterSet[] = []
    while (members.length === 0 || this.#source[this.#at] !== ']') members.push(this.#member())
    this.#at++
    const known = members.flatMap(({ ranges }) => ranges ?? [])
    const whole = members.every(({ ranges }) => ranges !== undefined) ? known : undefined
    return {
      text: (negative ? '^' : '') + members.map(({ text }) => text).join(''),
      ranges: whole && negative ? complement(whole) : whole,
    }
  }

  #member(): CharacterSet {
    const named = this.#take(/\[:(\^?)(\w+):\]/y)
    if (named) {
      const ranges = posix[named[2] ?? '']
      if (!ranges) throw new Error(`there is no class ${named[0]}`)
      return this.#of(ranges, named[1] === '^')
    }
    const back = this.#at
    if (this.#take(/\\/y)) {
      const set = this.#shorthand()
      if (set) return set
      this.#at = back
    }
    const from = this.#classCharacter()
    const to = this.#take(/-(?!\])/y) ? this.#classCharacter() : from
    if (to < from) throw new Error('a range of a class ends before it begins')
    const ranges: Ranges = [[from, to]]
    return { text: classText(ranges), ranges }
  }

  #classCharacter(): number {
    if (this.#take(/\\/y)) return this.#escaped()
    const character = this.#next()
    if (character === '') throw new Error('a class is not closed')
    return character.codePointAt(0) ?? 0
  }
}

const all: CharacterSet = { text: '^', ranges: [[0, 0x10ffff]] }
const noLineFeed: CharacterSet = { text: '^\\n', ranges: complement([[10, 10]]) }
const controls: Record<string, number> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }
