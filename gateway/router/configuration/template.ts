/**
 * The part of Go's text/template that route files use. Traefik renders every file of `providers.file.directory`
 * with the sprig functions before it reads the YAML; the static file is never rendered.
 * https://doc.traefik.io/traefik/providers/file/#go-templating
 *
 *   url: '{{ env "CORE_URL" | default "http://core:3001" }}'
 *   {{ if env "HSTS" }}stsSeconds: 31536000{{ end }}
 *
 * Functions: env, default, quote, squote, trim, lower, upper. Actions: if / else / end, comments, `{{-` and `-}}`.
 * Anything else is a fault, because a template that Traefik renders differently would route differently.
 */
import { ConfigurationError } from './fault.ts'

export type TemplateEnvironment = Record<string, string | undefined>

type Token = { text: string; line: number } & (
  | { kind: 'text' }
  /** `{{-` takes the white space before it away, `-}}` that after it. */
  | { kind: 'action'; trimsBefore: boolean; trimsAfter: boolean }
)
type Branch = { writing: boolean; taken: boolean; outer: boolean }

const functions: Record<string, (args: string[], env: TemplateEnvironment) => string> = {
  env: ([name = ''], env) => env[name] ?? '',
  // sprig: default FALLBACK VALUE, so that a piped value comes last.
  default: ([fallback = '', value = '']) => (value === '' ? fallback : value),
  quote: args => args.map(text => JSON.stringify(text)).join(' '),
  squote: args => args.map(text => `'${text}'`).join(' '),
  trim: ([text = '']) => text.trim(),
  lower: ([text = '']) => text.toLowerCase(),
  upper: ([text = '']) => text.toUpperCase(),
}

/** The file as Traefik would read it. Line numbers stay what they are in the source. */
export function renderTemplate(source: string, env: TemplateEnvironment, file: string): string {
  if (!source.includes('{{')) return source
  const branches: Branch[] = []
  let rendered = ''
  // Lines that were taken away come back as empty ones where the line ends, so that those below keep their numbers.
  let owed = ''
  const write = (text: string) => {
    const end = owed === '' ? -1 : text.indexOf('\n')
    rendered += end === -1 ? text : `${text.slice(0, end)}${owed}${text.slice(end)}`
    if (end !== -1) owed = ''
  }
  const all = [...tokens(source, file)]
  for (const [index, token] of all.entries()) {
    const writing = branches.at(-1)?.writing ?? true
    if (token.kind === 'text') {
      const kept = trimmed(token.text, all[index - 1], all[index + 1])
      owed += newlines(token.text).slice(newlines(kept).length)
      write(writing ? kept : newlines(kept))
      continue
    }
    try {
      write(act(token.text, branches, writing, env))
    } catch (error) {
      throw fault(file, token.line, error instanceof Error ? error.message : String(error))
    }
    // An action may itself run over several lines.
    owed += newlines(token.text)
  }
  rendered += owed
  if (branches.length > 0) throw fault(file, source.split('\n').length, 'an {{ if }} has no {{ end }}')
  return rendered
}

const newlines = (text: string): string => text.replace(/[^\n]/g, '')

function trimmed(text: string, before: Token | undefined, after: Token | undefined): string {
  const from = before?.kind === 'action' && before.trimsAfter ? text.trimStart() : text
  return after?.kind === 'action' && after.trimsBefore ? from.trimEnd() : from
}

function fault(file: string, line: number, message: string): ConfigurationError {
  return new ConfigurationError([{ file, line, message }])
}

function* tokens(source: string, file: string): Generator<Token> {
  let position = 0
  let line = 1
  while (position < source.length) {
    const open = source.indexOf('{{', position)
    const text = open === -1 ? source.slice(position) : source.slice(position, open)
    if (text) yield { kind: 'text', text, line }
    line += text.split('\n').length - 1
    if (open === -1) return
    const close = source.indexOf('}}', open)
    if (close === -1) throw fault(file, line, 'a {{ has no }}')
    const action = source.slice(open + 2, close)
    yield {
      kind: 'action',
      text: action,
      line,
      trimsBefore: /^-\s/.test(action),
      trimsAfter: /\s-$/.test(action),
    }
    line += action.split('\n').length - 1
    position = close + 2
  }
}

/** What an action writes; `if`, `else` and `end` write nothing and change `branches`. */
function act(action: string, branches: Branch[], writing: boolean, env: TemplateEnvironment): string {
  const body = action.replace(/^-\s/, '').replace(/\s-$/, '').trim()
  if (body.startsWith('/*') && body.endsWith('*/')) return ''
  if (body.startsWith('if ')) {
    const taken = writing && evaluate(body.slice(3), env) !== ''
    branches.push({ writing: taken, taken, outer: writing })
    return ''
  }
  const branch = branches.at(-1)
  if (body === 'end') {
    if (!branches.pop()) throw new Error('an {{ end }} closes nothing')
    return ''
  }
  if (body === 'else') {
    if (!branch) throw new Error('an {{ else }} stands outside an {{ if }}')
    branch.writing = branch.outer && !branch.taken
    return ''
  }
  return writing ? evaluate(body, env) : ''
}

function evaluate(pipeline: string, env: TemplateEnvironment): string {
  const value =
    stages(pipeline).reduce<string | undefined>((piped, words) => call(words, piped, env), undefined) ?? ''
  if (/[\r\n]/.test(value)) throw new Error('a value with a line break cannot be put into a route file')
  return value
}

function call(words: string[], piped: string | undefined, env: TemplateEnvironment): string {
  const [first = '', ...rest] = words
  const args = [...rest.map(literal), ...(piped === undefined ? [] : [piped])]
  const run = functions[first]
  if (run && Object.hasOwn(functions, first)) return run(args, env)
  if (rest.length === 0 && piped === undefined) return literal(first)
  throw new Error(`this router does not know the template function "${first}"`)
}

/** `env "A" | default "b"` → [['env', '"A"'], ['default', '"b"']]; quotes hide the bar. */
function stages(pipeline: string): string[][] {
  const words = pipeline.match(/"(?:[^"\\]|\\.)*"|`[^`]*`|\||[^\s|"`]+/g) ?? []
  const found: string[][] = [[]]
  for (const word of words) {
    if (word === '|') found.push([])
    else found.at(-1)?.push(word)
  }
  if (found.some(stage => stage.length === 0))
    throw new Error(`this template action is empty or ends in a bar: {{${pipeline}}}`)
  return found
}

function literal(word: string): string {
  if (word.startsWith('"')) return String(JSON.parse(word))
  if (word.startsWith('`')) return word.slice(1, -1)
  if (/^-?\d+$/.test(word) || word === 'true' || word === 'false') return word
  throw new Error(`this router does not know the template expression "${word}"`)
}
