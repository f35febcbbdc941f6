/**
 * SQL as tagged templates. A value in `${}` always becomes a parameter; identifiers go through `id()`; fragments nest.
 *
 *   const found = sql`select id from core.hospitals where name = ${name}`
 *   // { text: 'select id from core.hospitals where name = $1', values: [name] }
 */

type Part = { text: string } | { value: unknown }

export type Sql = { readonly parts: readonly Part[]; readonly text: string; readonly values: unknown[] }

function fragment(parts: readonly Part[]): Sql {
  return {
    parts,
    get text() {
      let parameters = 0
      let text = ''
      for (const part of parts) text += 'text' in part ? part.text : `$${++parameters}`
      return text
    },
    get values() {
      return parts.flatMap(part => ('value' in part ? [part.value] : []))
    },
  }
}

const fragments = new WeakSet<object>()

function known(parts: readonly Part[]): Sql {
  const made = fragment(parts)
  fragments.add(made)
  return made
}

/** Only fragments made here nest as text, so an object from a request body can never pose as SQL. */
function isSql(value: unknown): value is Sql {
  return typeof value === 'object' && value !== null && fragments.has(value)
}

export function sql(strings: TemplateStringsArray, ...values: unknown[]): Sql {
  const parts: Part[] = []
  strings.forEach((text, index) => {
    parts.push({ text })
    if (index >= values.length) return
    const value = values[index]
    if (isSql(value)) parts.push(...value.parts)
    else parts.push({ value })
  })
  return known(parts)
}

/** A quoted identifier, or a dotted path of them: `id('prices', 'rates')` → `"prices"."rates"`. */
export function id(...names: string[]): Sql {
  return known([{ text: names.map(quoteIdentifier).join('.') }])
}

/** As `id`, as plain text, for the few statements that take no parameters (COPY, ALTER ROLE). */
export function quoteIdentifier(name: string): string {
  if (name.includes('\0')) throw new Error('an identifier cannot hold a NUL character')
  return `"${name.replaceAll('"', '""')}"`
}

/** Fragments with a separator between: `join(conditions, ' and ')`. The separator is SQL, never input. */
export function join(items: readonly Sql[], separator: ', ' | ' and ' | ' or '): Sql {
  const parts: Part[] = []
  items.forEach((item, index) => {
    if (index > 0) parts.push({ text: separator })
    parts.push(...item.parts)
  })
  return known(parts)
}

/** Nothing, for optional clauses. */
export const empty: Sql = known([])
