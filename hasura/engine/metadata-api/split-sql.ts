/**
 * Statements of a text of SQL, one by one: what may not run in a transaction has to be sent alone, because Postgres makes
 * one transaction of several statements in a message.
 *
 * Knows what a semicolon may hide in: quotes, `E''`, dollar quotes, comments (which nest), and the body of a function in
 * standard SQL (`begin atomic … end`).
 *
 * Source: https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
export function splitSql(sql: string): string[] {
  const statements: string[] = []
  let start = 0
  let depth = 0
  for (const { text, at } of tokens(sql)) {
    const word = text.toLowerCase()
    if (word === 'atomic' || (depth > 0 && word === 'case')) depth += 1
    else if (depth > 0 && word === 'end') depth -= 1
    else if (text === ';' && depth === 0) {
      statements.push(sql.slice(start, at))
      start = at + 1
    }
  }
  return [...statements, sql.slice(start)].filter(saysSomething)
}

/** A word, a sign, or one of the things that hide what stands in them. */
const token =
  /--[^\n]*|\/\*|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[eE]'(?:[^'\\]|\\.|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\S/gs

function* tokens(sql: string): Generator<{ text: string; at: number }> {
  const next = new RegExp(token)
  for (let found = next.exec(sql); found; found = next.exec(sql)) {
    const [text] = found
    if (text === '/*') next.lastIndex = endOfComment(sql, found.index)
    else if (text.startsWith('$') && text.length > 1) {
      const end = sql.indexOf(text, next.lastIndex)
      next.lastIndex = end < 0 ? sql.length : end + text.length
      yield { text: '$', at: found.index }
    } else if (!text.startsWith('--')) yield { text, at: found.index }
  }
}

function endOfComment(sql: string, start: number): number {
  const mark = /\/\*|\*\//g
  mark.lastIndex = start
  let depth = 0
  for (let found = mark.exec(sql); found; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
  return sql.length
}

function saysSomething(statement: string): boolean {
  return !tokens(statement).next().done
}
