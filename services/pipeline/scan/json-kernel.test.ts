/** A JSON whose objects the kernel reads is read as it is without it: kernel/README.md. */
import t from 'tap'
import { type Kernel, openKernel } from '../kernel/kernel.ts'
import { jsonBase } from '../oracle/bases.ts'
import { markedDocument } from '../oracle/marked.ts'
import { breakBytes } from '../oracle/mix.ts'
import { createRandom, type Random } from '../oracle/random.ts'
import { Refusal } from '../source/refusal.ts'
import { readBytes } from '../test-files.ts'
import { JsonTape } from './json-tape.ts'

const escapes = ['é', '\\/', '\\"', '\\ud83d\\ude00', '\\n', '😀', '\\ud800', '\\u0000']

/** The same document in other words: blanks anywhere, escapes and letters beyond ASCII in its texts. */
function respelt(text: string, random: Random): string {
  const rare = random.pick([0, 0.002, 0.02])
  const letter = (was: string) => random.pick([`\\u00${was.charCodeAt(0).toString(16)}`, ...escapes])
  const blank = () => random.pick([' ', '\n', '\r\n\t', '  '])
  return text
    .replaceAll(/:"[^"]*"/g, value =>
      value.replaceAll(/[a-z]/g, was => (random.chance(rare) ? letter(was) : was)),
    )
    .replaceAll(/[,:{}[\]]/g, mark => (random.chance(rare) ? `${mark}${blank()}` : mark))
}

function document(random: Random): Buffer {
  const base = random.chance(0.5) ? markedDocument(random) : jsonBase(random.pick(['2.1', '2.2', '3.0']))
  const text = respelt(JSON.stringify(base, null, random.pick([0, 0, 2])), random)
  const bytes = Buffer.from(random.chance(0.4) ? breakBytes(text, 'json', random) : text)
  if (random.chance(0.1)) bytes[random.below(bytes.length)] = random.below(256)
  return bytes
}

async function read(bytes: Buffer, chunk: number, kernel: Kernel | null): Promise<string> {
  try {
    return JSON.stringify(await readBytes(bytes, { chunk, kernel }))
  } catch (error) {
    if (error instanceof Refusal) return JSON.stringify(error.reasons)
    throw error
  }
}

/** One for all files, as a loading thread has it. */
const kernel = openKernel() ?? null

t.test('tables, counts and findings are the same, however it is spelt and broken', async t => {
  let long = 0
  for (let seed = 1; seed <= Number(process.env.KERNEL_FILES ?? 400); seed++) {
    const random = createRandom(seed)
    const bytes = document(random)
    const chunk = random.pick([Infinity, 4096, 700])
    const one = await read(bytes, chunk, null)
    const other = await read(bytes, chunk, kernel)
    if (one.length > 10_000) long++
    if (one !== other) t.equal(other, one, `seed ${seed}`)
  }
  t.ok(long > 100, `${long} files had rows`)
})

t.test('what it reads is the tape that is made without it', async t => {
  if (!kernel) throw new Error('there is no kernel here')
  const [memory] = kernel.stretches
  const random = createRandom(1)
  let read = 0
  for (let round = 0; round < 3000; round++) {
    const value = respelt(
      JSON.stringify({ a: markedDocument(random), '': [[], {}, true, false, null, -1.5e-7, 0, 'x'] }),
      random,
    )
    const text = random.chance(0.5) ? breakBytes(value, 'json', random) : value
    const bytes = memory.subarray(0, memory.write(text))
    const copy = Buffer.from(bytes)
    const tape = new JsonTape(kernel)
    const end = tape.ahead(bytes, 0, bytes.length)
    const own = new JsonTape()
    if (end < 0) continue
    read++
    own.parse(copy, 0, end)
    tape.parse(bytes, 0, end)
    const of = ({ count, kinds, starts, ends, after }: JsonTape) => [
      count,
      ...[kinds, starts, ends, after].map(all => [...all.subarray(0, count)]),
    ]
    if (JSON.stringify(of(tape)) !== JSON.stringify(of(own)) || !copy.equals(bytes))
      t.same(of(tape), of(own), text)
  }
  t.ok(read > 1500, `${read} objects were read by the kernel`)
})
