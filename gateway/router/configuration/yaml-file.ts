/** One YAML file with the line of every key, so that a fault can say where it is. */
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { ConfigurationError, type Fault } from './fault.ts'

export type YamlFile = {
  file: string
  value: unknown
  lineOf(path: readonly PropertyKey[]): number | undefined
}

/** Throws ConfigurationError for text that is no YAML, has a key twice, or expands without end. */
export function parseYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true, uniqueKeys: true })
  // The first only: what follows a slip of the pen is noise.
  const [error] = document.errors
  if (error) {
    const message = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? error.message
    throw new ConfigurationError([{ file, line: lines.linePos(error.pos[0]).line, message }])
  }
  copyTexts(document)
  return {
    file,
    value: document.toJS({ maxAliasCount: 100 }),
    lineOf: path => lineOf(document, lines, path),
  }
}

/**
 * Texts of their own, instead of pieces of the file's. One character beyond Latin-1 in it, a dash in a comment, and V8 keeps
 * every piece in two bytes a character, and so every head of an answer and every log line that one of them becomes a part of:
 * to write those costs two microseconds a request. Before `toJS`, which makes keys of them.
 */
function copyTexts(document: Document): void {
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string') node.value = Buffer.from(node.value).toString()
    },
  })
}

/** The line of the key that `path` ends in, or of the nearest key above that stands in the file. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | undefined {
  let node: Node | null | undefined = document.contents
  let position = node?.range?.[0]
  for (const segment of path) {
    if (isMap(node)) {
      const pair = node.items.find(item => isScalar(item.key) && String(item.key.value) === String(segment))
      if (!pair) break
      position = (pair.key as Node).range?.[0] ?? position
      node = pair.value as Node | null
    } else if (isSeq(node)) {
      node = node.items[Number(segment)] as Node | undefined
      position = node?.range?.[0] ?? position
    } else break
  }
  return position === undefined ? undefined : lines.linePos(position).line
}

/** The value through a zod schema; every fault with its line and key. */
export function check<Schema extends z.ZodType>(schema: Schema, yaml: YamlFile): z.infer<Schema> {
  const parsed = schema.safeParse(yaml.value ?? {})
  if (parsed.success) return parsed.data
  throw new ConfigurationError(parsed.error.issues.flatMap(issue => faultsOf(issue, yaml)))
}

function faultsOf(issue: z.core.$ZodIssue, yaml: YamlFile): Fault[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => faultAt(yaml, [...issue.path, key], 'this router does not know this key'))
  if (issue.code === 'invalid_union') {
    const [closest] = issue.errors.toSorted((a, b) => deepest(b) - deepest(a))
    if (closest && deepest(closest) > 0)
      return closest.flatMap(inner => faultsOf({ ...inner, path: [...issue.path, ...inner.path] }, yaml))
  }
  const absent = issue.path.length > 0 && valueAt(yaml.value, issue.path) === undefined
  return [faultAt(yaml, issue.path, absent ? 'is missing' : issue.message)]
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  )
}

function deepest(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(issue => issue.path.length))
}

export function faultAt(yaml: YamlFile, path: readonly PropertyKey[], message: string): Fault {
  const line = yaml.lineOf(path)
  return {
    file: yaml.file,
    ...(line !== undefined && { line }),
    ...(path.length > 0 && { key: path.map(String).join('.') }),
    message,
  }
}
