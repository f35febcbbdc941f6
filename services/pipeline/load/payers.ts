/**
 * Payers and plans are global: the same name has one id in all files. A file meets some hundreds of pairs, so each pair is
 * looked up once; `resolve` asks the database for all new ones of a chunk in one go.
 */
import { execute, type Queryable, rows } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import { cellText } from '../scan/encoding.ts'
import { Refusal } from '../source/refusal.ts'
import { ByteIndex } from './byte-index.ts'

export type Pair = {
  index: number
  payer: string
  /** Null: not given. */
  plan: string | null
  payerId: number
  /** 0 until the database has been asked. */
  planId: number
  /** `34,`, once known: the plan's id as an element of an array. */
  element: Buffer
  /** Rates loaded under this pair. */
  rates: number
}

/** Names longer than this do not fit an index of Postgres, and are no names. */
export const nameBytes = 1000

/** The largest published files have some hundreds, of some ten thousand characters. */
const mostPairs = 100_000
const mostCharacters = 8_000_000

/** `","plan_name":"` and some blanks. */
const mostBetween = 31

const unknown = Buffer.alloc(0)

/** Stands where a pair will be. */
export const noPair: Pair = {
  index: 0,
  payer: '',
  plan: null,
  payerId: 0,
  planId: 0,
  element: unknown,
  rates: 0,
}

export type Payers = {
  /** The pair of two cells; a blank plan is no plan. */
  find(bytes: Buffer, payerStart: number, payerEnd: number, planStart: number, planEnd: number): Pair
  named(payer: string, plan: string | null): Pair
  readonly unresolved: number
  /** Names that were longer than `nameBytes`, up to a hundred. */
  readonly cut: readonly string[]
  resolve(db: Queryable): Promise<void>
  all(): Pair[]
}

export function createPayers(): Payers {
  // A tall file goes through the same payers item by item.
  const bothIndex = new ByteIndex({ ordered: true })
  const payerIndex = new ByteIndex({ ordered: true })
  const pairIndex = new ByteIndex({ ordered: true })
  const byName = new Map<string, Pair>()
  const pairs: Pair[] = []
  let waiting: Pair[] = []
  const cut: string[] = []
  let characters = 0

  function fitting(name: string): string {
    const short = shortened(name)
    if (short !== name && cut.length < 100 && !cut.includes(name)) cut.push(name)
    return short
  }

  function named(payer: string, plan: string | null): Pair {
    const key = JSON.stringify([payer, plan])
    const known = byName.get(key)
    if (known) return known
    characters += key.length
    if (pairs.length >= mostPairs || characters > mostCharacters)
      throw new Refusal(
        'too-many-payers',
        `The file names more than ${mostPairs} payers and plans, or ${mostCharacters} characters of them. Check that payer_name and plan_name hold names.`,
      )
    const pair: Pair = {
      index: pairs.length,
      payer,
      plan,
      payerId: 0,
      planId: 0,
      element: unknown,
      rates: 0,
    }
    byName.set(key, pair)
    pairs.push(pair)
    waiting.push(pair)
    return pair
  }

  function inCells(
    bytes: Buffer,
    payerStart: number,
    payerEnd: number,
    planStart: number,
    planEnd: number,
  ): Pair {
    const plan = planEnd > planStart ? fitting(cellText(bytes, planStart, planEnd)) : null
    return named(fitting(cellText(bytes, payerStart, payerEnd)), plan)
  }

  function findEach(
    bytes: Buffer,
    payerStart: number,
    payerEnd: number,
    planStart: number,
    planEnd: number,
  ): Pair {
    // What is cut is not remembered by its bytes: no file may fill the memory with what differs beyond the cut.
    if (payerEnd - payerStart > nameBytes || planEnd - planStart > nameBytes)
      return inCells(bytes, payerStart, payerEnd, planStart, planEnd)
    let payer = payerIndex.find(bytes, payerStart, payerEnd)
    if (payer < 0) {
      payer = payerIndex.size
      if (!payerIndex.add(bytes, payerStart, payerEnd, payer))
        return inCells(bytes, payerStart, payerEnd, planStart, planEnd)
    }
    const known = pairs[pairIndex.find(bytes, planStart, planEnd, payer)]
    if (known) return known
    const pair = inCells(bytes, payerStart, payerEnd, planStart, planEnd)
    pairIndex.add(bytes, planStart, planEnd, pair.index, payer)
    return pair
  }

  return {
    find(bytes, payerStart, payerEnd, planStart, planEnd) {
      // One look where little stands between the two, a comma, quotes or a key; then two lengths tell what is whose.
      const between = planStart - payerEnd
      if (between < 1 || between > mostBetween || planEnd < planStart || planEnd - payerStart > nameBytes)
        return findEach(bytes, payerStart, payerEnd, planStart, planEnd)
      const lengths = (payerEnd - payerStart) * (mostBetween + 1) + between
      const known = pairs[bothIndex.find(bytes, payerStart, planEnd, lengths)]
      if (known) return known
      const pair = findEach(bytes, payerStart, payerEnd, planStart, planEnd)
      if (bothIndex.keyBytes < mostCharacters) bothIndex.add(bytes, payerStart, planEnd, pair.index, lengths)
      return pair
    },
    named: (payer, plan) => named(fitting(payer), plan === null || plan === '' ? null : fitting(plan)),
    cut,
    get unresolved() {
      return waiting.length
    },
    async resolve(db) {
      const asked = waiting
      waiting = []
      for (let from = 0; from < asked.length; from += 1000)
        await resolvePairs(db, asked.slice(from, from + 1000))
    },
    all: () => pairs,
  }
}

/** Cut to `nameBytes`, at a character. */
function shortened(name: string): string {
  if (name.length * 3 <= nameBytes) return name
  const bytes = Buffer.from(name)
  if (bytes.length <= nameBytes) return name
  let end = nameBytes
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}

async function resolvePairs(db: Queryable, pairs: Pair[]): Promise<void> {
  const payers = pairs.map(pair => pair.payer)
  const plans = pairs.map(pair => pair.plan)
  await execute(db, addPayers(payers))
  await execute(db, addPlans(payers, plans))
  const ids = await rows<{ position: number; payer_id: number; plan_id: number }>(db, idsOf(payers, plans))
  for (const { position, payer_id, plan_id } of ids) {
    const pair = pairs[position - 1]
    if (!pair) continue
    pair.payerId = payer_id
    pair.planId = plan_id
    pair.element = Buffer.from(`${plan_id},`)
  }
  const missing = pairs.find(pair => pair.planId === 0)
  if (missing)
    throw new Error(`the plan ${missing.plan} of payer ${missing.payer} has no id after it was inserted`)
}

/** In the order of names, so that two loads that add the same names wait for each other instead of deadlocking. */
function addPayers(payers: string[]) {
  return sql`
    insert into prices.payers (name)
    select distinct wanted.name from unnest(${payers}::text[]) as wanted (name)
    where not exists (select from prices.payers p where md5(p.name) = md5(wanted.name) and p.name = wanted.name)
    order by 1
    on conflict do nothing`
}

function addPlans(payers: string[], plans: (string | null)[]) {
  return sql`
    insert into prices.plans (payer_id, name)
    select distinct p.id, wanted.plan
    from unnest(${payers}::text[], ${plans}::text[]) as wanted (payer, plan)
    join prices.payers p on md5(p.name) = md5(wanted.payer) and p.name = wanted.payer
    where not exists (
      select from prices.plans l
      where l.payer_id = p.id and md5(coalesce(l.name, '')) = md5(coalesce(wanted.plan, ''))
        and l.name is not distinct from wanted.plan)
    order by 1, 2
    on conflict do nothing`
}

function idsOf(payers: string[], plans: (string | null)[]) {
  return sql`
    select wanted.position::int as position, p.id as payer_id, l.id as plan_id
    from unnest(${payers}::text[], ${plans}::text[]) with ordinality as wanted (payer, plan, position)
    join prices.payers p on md5(p.name) = md5(wanted.payer) and p.name = wanted.payer
    join prices.plans l on l.payer_id = p.id and md5(coalesce(l.name, '')) = md5(coalesce(wanted.plan, ''))
      and (l.name is null) = (wanted.plan is null) and l.name is not distinct from wanted.plan`
}
