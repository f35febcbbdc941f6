/** `npm run samples`: a price file of any size, to a file or to standard output. */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { type PriceFile, priceFile, readSize } from './generate.ts'

const help = `npm run samples -- --layout tall|wide|json --size SIZE [--seed N] [--payers N] [--out FILE]

  --layout   tall, wide or json, in CMS template 3.0
  --size     such as 300MB or 10GB; the file is made as it is written, so memory stays small
  --seed     the same seed gives the same bytes (default 1), another one another hospital
  --payers   payer-plans (default 40); wide has nine columns for each
  --out      the file (default: standard output)
`

function readArguments(): { file: PriceFile; out: string | undefined } | string {
  const { values } = parseArgs({
    options: {
      layout: { type: 'string' },
      size: { type: 'string' },
      seed: { type: 'string', default: '1' },
      payers: { type: 'string', default: '40' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return ''
  const { layout } = values
  if (layout !== 'tall' && layout !== 'wide' && layout !== 'json') return '--layout is tall, wide or json'
  const sizeBytes = readSize(values.size ?? '')
  if (!sizeBytes) return '--size is a number of bytes, such as 300MB'
  const seed = Number(values.seed)
  if (!Number.isSafeInteger(seed) || seed < 0) return '--seed is a whole number from 0'
  const plans = Number(values.payers)
  if (!Number.isInteger(plans) || plans < 1 || plans > 1800)
    return '--payers is a whole number from 1 to 1800'
  return { file: { layout, sizeBytes, seed, plans }, out: values.out }
}

async function main(): Promise<number> {
  let read: ReturnType<typeof readArguments>
  try {
    read = readArguments()
  } catch (error) {
    read = error instanceof Error ? error.message : String(error)
  }
  if (typeof read === 'string') {
    process[read === '' ? 'stdout' : 'stderr'].write(read === '' ? help : `${read}\n\n${help}`)
    return read === '' ? 0 : 2
  }
  const target = read.out === undefined ? process.stdout : createWriteStream(read.out)
  try {
    await pipeline(Readable.from(priceFile(read.file)), target)
  } catch (error) {
    // `| head` has seen enough.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
  return 0
}

process.exitCode = await main()
