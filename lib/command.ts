/** The edge of a command: `--help`, and what the caller can mend told as a sentence instead of a stack trace. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { ConfigError } from './config.ts'

const usual = { help: { type: 'boolean', short: 'h' } } as const

/** The options that were given. `--help` prints `help` and ends the process; an option that is not known ends it with 2. */
export function readOptions<const Options extends ParseArgsOptionsConfig>(options: Options, help: string) {
  const { values, positionals } = readArguments(options, help)
  if (positionals.length > 0) misused(`"${positionals[0]}" is no option`, help)
  return values
}

/** The same for a command that takes names beside its options. */
export function readArguments<const Options extends ParseArgsOptionsConfig>(options: Options, help: string) {
  try {
    const given = parseArgs<{ options: Options & typeof usual; allowPositionals: true }>({
      options: { ...options, ...usual },
      allowPositionals: true,
    })
    process.stdout.on('error', unlessUnread)
    if (!(given.values as { help?: boolean }).help) return given
  } catch (error) {
    return misused(error instanceof Error ? error.message : String(error), help)
  }
  console.log(help)
  process.exit(0)
}

/** `| head` has seen enough: the work goes on, and what it still says is dropped. */
function unlessUnread(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

/** Says what is wrong with the options, how the command is used, and ends the process. */
export function misused(why: string, help: string): never {
  console.error(`${why}\n\n${help}`)
  process.exit(2)
}

/** Runs `work`. A setting that is missing, and a server or a file that cannot be reached, are told in a line; exit code 1. */
export async function runCommand(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const told = error instanceof ConfigError || (error instanceof Error && 'code' in error)
    console.error(told ? sentenceOf(error) : error)
    process.exitCode = 1
  }
}

/** A name with two addresses fails with a list of errors, and without a word of its own. */
function sentenceOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map(each => each.message).join('; ')
  return error.message
}
