/**
 * The pipeline on real files of hospitals: `npm run check:prices -- [NUMBER …]`. They lie beside the checkout (`../shared/mrf`, or
 * GLIMMR_SHARED) and may be absent. Last line: `N passed, N failed`.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readArguments } from '@glimmr/lib/command'
import { rows as select } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import { publishedCells, publishedCharges, publishedRates } from './checks/published.ts'
import { slowReading } from './checks/slow-reader.ts'
import { ingest, type Line } from './ingest-file.ts'
import { unexplained } from './oracle/differences.ts'
import { judgeFile } from './oracle/real-file.ts'
import { openScratch, type Scratch } from './scratch.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** Numbers of files, where not all are wanted. */
const { positionals: only } = readArguments(
  {},
  `The pipeline on real price files (../shared/mrf beside the checkout, or GLIMMR_SHARED), all or those of the numbers.

  npm run check:prices -- [NUMBER …]`,
)
const folder = join(resolve(process.env.GLIMMR_SHARED ?? join(root, '../shared')), 'mrf')

let passed = 0
let failed = 0

function check(what: string, found: unknown, wanted: unknown): void {
  const right = JSON.stringify(found) === JSON.stringify(wanted)
  if (right) passed++
  else failed++
  console.log(
    right ? `ok - ${what}` : `not ok - ${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`,
  )
}

/** `seen, items, rates, sum of dollars`; undefined is not asked. */
const figures: Record<string, { seen?: number; items?: number; rates: number; dollars?: string }> = {
  '01': { seen: 45, rates: 39 },
  '02': { seen: 26, rates: 39 },
  '03': { seen: 22, rates: 39 },
  '15': { seen: 10_452, rates: 10_452, dollars: '7965906.39' },
  '16': { seen: 198_769, rates: 150_039, dollars: '756221626.96' },
  '19': { seen: 31_501, rates: 2_353_720, dollars: '3383477532.874180' },
  '25': { seen: 49_438, items: 49_438, rates: 100_333, dollars: '755088520.89' },
  '27': { items: 17_207, rates: 634_115, dollars: '565885714.90' },
}

const refused: Record<string, RegExp> = {
  '23': /no price/,
  '24': /no price/,
  '31': /NDJSON/,
  '32': /NDJSON/,
  '33': /row 3 is blank/i,
  '34': /PDF/,
  '35': /Row 3/,
  '36': /xlsx/i,
  '37': /Excel/,
  '39': /cms-hpt\.txt/,
}

/** Not CSV in UTF-8 or JSON: the official validator is not asked about them. */
const notForValidator = new Set(['31', '32', '33', '34', '35', '36', '37', '39'])

/**
 * All others are read by another program too, rate by rate. The validator's 09 is made of errors; 17 is broken on purpose, and
 * the pipeline recovers rows that the slow reader loses.
 */
const notCompared = ['09', '17']

async function checkFile(path: string, name: string, scratch: Scratch): Promise<void> {
  const number = name.slice(0, 2)
  if (!notForValidator.has(number)) await checkVerdict(name, path)
  const line = await ingest(path, scratch, { signal: new AbortController().signal })
  const refusal = refused[number]
  if (refusal) {
    check(
      `${name} is refused, and why`,
      [line.verdict, refusal.test(line.error ?? ''), line.rates],
      ['rejected', true, 0],
    )
    return
  }
  check(`${name} is understood`, [line.verdict === 'rejected', line.error], [false, null])
  if (line.verdict === 'rejected') return
  check(`${name}: seen = loaded + rejected`, line.seen, line.loaded + line.rejected)
  checkFigures(name, line, figures[number])
  if (!notCompared.includes(number)) await checkRows(name, path, line, scratch)
}

function checkFigures(name: string, line: Line, wanted: (typeof figures)[string] | undefined): void {
  if (!wanted) return
  check(`${name}: rates`, line.rates, wanted.rates)
  if (wanted.seen !== undefined) check(`${name}: rows`, line.seen, wanted.seen)
  if (wanted.items !== undefined) check(`${name}: items`, line.items, wanted.items)
  if (wanted.dollars !== undefined)
    check(`${name}: exact sum of negotiated dollars`, line.sum_negotiated_dollar, wanted.dollars)
}

/** What is stored is what the slow reader sees in the file: rates, charges with their items, and cells of prices. */
async function checkRows(name: string, path: string, line: Line, { pool }: Scratch): Promise<void> {
  const slow = slowReading(path)
  const tall = line.layout === 'tall'
  const first = line.file_id * 2 ** 32
  check(
    `${name}: every populated price cell is stored`,
    await publishedCells(pool, line.file_id, tall),
    slow.cells,
  )
  const rates = (from: number, to: number) => publishedRates(pool, first + from, first + to)
  check(`${name}: every rate is stored, and no other`, await unlike(slow.rates, line.charges, rates), [0, 0])
  const charges = (from: number, to: number) => publishedCharges(pool, tall, first + from, first + to)
  check(
    `${name}: every row's item and charge, and no other`,
    await unlike(slow.charges, line.charges, charges),
    [0, 0],
  )
}

/** Lines of the charges from the one after `from`, up to the `to`-th of the file. */
type Stored = (from: number, to: number) => Promise<string[]>

const chargesAtOnce = 1_000

/** How many lines of the source are not stored, and how many are stored that the source has not. */
async function unlike(
  source: string[],
  charges: number,
  stored: Stored,
): Promise<[missing: number, unknown: number]> {
  const left = new Map<string, number>()
  for (const line of source) left.set(line, (left.get(line) ?? 0) + 1)
  let unknown = 0
  for (let from = 0; from < charges; from += chargesAtOnce) {
    for (const line of await stored(from, Math.min(from + chargesAtOnce, charges))) {
      const rest = left.get(line) ?? 0
      if (rest === 1) left.delete(line)
      else if (rest > 1) left.set(line, rest - 1)
      else if (unknown++ < 3) console.log(`  stored, but not in the file: ${line}`)
    }
  }
  for (const line of [...left.keys()].slice(0, 3)) console.log(`  in the file, but not stored: ${line}`)
  return [[...left.values()].reduce((sum, rest) => sum + rest, 0), unknown]
}

/** Verdict, rules and cells of the CMS layer are the official validator's, but for what DIFFERENCES.md lists. */
async function checkVerdict(name: string, path: string): Promise<void> {
  const { judged, leftOut } = await judgeFile(path)
  if (!judged) {
    console.log(`skipped: ${name} follows a template that the official validator does not know`)
    return
  }
  if (leftOut > 0)
    console.log(
      `LEFT OUT: the official validator is too slow for the last ${leftOut} bytes of ${name}; the rest was compared`,
    )
  check(`${name}: each breach is the official validator's`, unexplained(judged).left.slice(0, 5), [])
}

/**
 * 01, 02 and 03 hold the same prices: what a reader sees of them must be equal. Minimum and maximum are left out: one row of
 * 01 (basic metabolic panel) says 150 where the others say 125, an error of the example itself, and reported as such.
 */
async function checkSame(lines: Line[], { pool }: Scratch): Promise<void> {
  const flat = await Promise.all(
    lines.map(async ({ file_id: file }) => {
      const found = await select<{ rate: string }>(
        pool,
        sql`
      select jsonb_build_array(i.description, (select jsonb_agg(jsonb_build_array(k.code_type, k.code) order by k.ordinal) from prices.item_codes k where k.item_id = i.id),
        i.drug_unit, i.drug_type, c.setting, c.modifiers, c.gross, c.discounted_cash, p.name, l.name, r.negotiated_dollar,
        r.negotiated_percentage, r.median_amount, r.percentile_10th, r.percentile_90th, r.count, r.methodology, a.body, n.body)::text as rate
      from prices.rates r join prices.charges c on c.id = r.charge_id join prices.items i on i.id = c.item_id
      join prices.payers p on p.id = r.payer_id join prices.plans l on l.id = r.plan_id
      left join prices.texts a on a.id = r.algorithm_id left join prices.texts n on n.id = r.notes_id
      where r.file_id = ${file} order by 1`,
      )
      return found.map(row => row.rate)
    }),
  )
  check('01 and 02 publish the same rates', flat[1], flat[0])
  check('01 and 03 publish the same rates', flat[2], flat[0])
}

async function main(): Promise<void> {
  if (!existsSync(folder)) {
    console.log(`skipped: there are no price files in ${folder}`)
    return
  }
  const scratch = await openScratch()
  try {
    const examples: Line[] = []
    for (const name of readdirSync(folder)
      .filter(file => /^\d\d_/.test(file) && (only.length === 0 || only.includes(file.slice(0, 2))))
      .sort()) {
      await checkFile(join(folder, name), name, scratch)
      if (/^0[123]/.test(name))
        examples.push(
          await ingest(join(folder, name), scratch, {
            signal: new AbortController().signal,
            name: randomUUID(),
          }),
        )
    }
    if (examples.length === 3) await checkSame(examples, scratch)
  } finally {
    await scratch.close()
  }
}

await main()
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
