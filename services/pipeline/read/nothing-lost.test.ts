/** Every cell of a row that was loaded is in a table, whatever the columns and keys are: 6,000 CSV and 1,500 JSON were asked before it was written. */
import t from 'tap'
import { sheetText } from '../oracle/break-csv.ts'
import { mark, markedDocument, markedSheet } from '../oracle/marked.ts'
import { createRandom } from '../oracle/random.ts'
import { Refusal } from '../source/refusal.ts'
import { type ReadTest, readBytes } from '../test-files.ts'

const seeds = 250

/** As the database has it: jsonb forgets all but the last of equal keys. */
function storedText({ tables, result }: ReadTest): string {
  const asStored = (key: string, value: unknown) =>
    key === 'extra' && typeof value === 'string' && value.startsWith('{') ? JSON.parse(value) : value
  return JSON.stringify([tables, result.general], asStored)
}

function marksIn(value: unknown, path: string): [place: string, mark: string][] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, child]) => marksIn(child, `${path}/${key}`))
  return mark.test(String(value)) ? [[path, String(value)]] : []
}

async function readOrRefused(text: string): Promise<ReadTest | undefined> {
  try {
    return await readBytes(text)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** `rows`: of the source, by their number. What of those that were loaded is nowhere. */
function lostOf(read: ReadTest, rows: Iterable<[number, unknown]>): string[] {
  const stored = storedText(read)
  const rejected = new Set(read.rejected.map(({ row }) => row))
  return [...rows].flatMap(([row, cells]) =>
    rejected.has(row)
      ? []
      : marksIn(cells, String(row)).flatMap(([place, value]) =>
          stored.includes(value) ? [] : [`${place}: ${value}`],
        ),
  )
}

t.test('no cell of a CSV is lost, under whatever headers it stands', async t => {
  let read = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const sheet = markedSheet(createRandom(seed))
    const found = await readOrRefused(sheetText(sheet))
    if (!found) continue
    read++
    const rows = sheet.slice(3).map((cells, at): [number, unknown] => [at + 4, cells])
    const lost = lostOf(found, rows)
    if (lost.length > 0) t.same(lost.slice(0, 5), [], `seed ${seed}: ${sheet[2]}`)
  }
  t.ok(read > seeds * 0.7, `${read} of ${seeds} files were read`)
})

t.test('no value of a JSON is lost, whatever its key and kind', async t => {
  let read = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const document = markedDocument(createRandom(seed))
    const found = await readOrRefused(JSON.stringify(document))
    if (!found) continue
    read++
    const items = document.standard_charge_information as unknown[]
    const lost = lostOf(
      found,
      items.map((item, at): [number, unknown] => [at + 1, item]),
    )
    if (lost.length > 0) t.same(lost.slice(0, 5), [], `seed ${seed}`)
  }
  t.ok(read > seeds * 0.7, `${read} of ${seeds} files were read`)
})
