/** What one side says of a file: its verdict, and where which rule is broken. The form in which both sides are compared. */

/** `cms.number J5`: the rule's id here and the cell (CSV) or pointer (JSON). */
export type Breach = string

export type Opinion = {
  valid: boolean
  /** Every breach as often as it was told. */
  breaches: Breach[]
  /** Nothing below the headers was looked at. */
  stopped: boolean
}

export type Difference = { side: 'validator' | 'here'; rule: string; cell: string }

/** What one side has and the other has not, as multisets. */
export function compare(validator: Opinion, here: Opinion): Difference[] {
  return [
    ...without(validator.breaches, here.breaches).map(breach => differenceOf('validator', breach)),
    ...without(here.breaches, validator.breaches).map(breach => differenceOf('here', breach)),
  ]
}

function differenceOf(side: Difference['side'], breach: Breach): Difference {
  const space = breach.indexOf(' ')
  return { side, rule: breach.slice(0, space), cell: breach.slice(space + 1) }
}

function without(these: Breach[], those: Breach[]): Breach[] {
  const left = new Map<Breach, number>()
  for (const breach of those) left.set(breach, (left.get(breach) ?? 0) + 1)
  return these.filter(breach => {
    const count = left.get(breach) ?? 0
    if (count > 0) left.set(breach, count - 1)
    return count === 0
  })
}

/** The row of a cell, 0 where it has none: `AB12` → 12, `row 3` → 3. */
export function rowOf(cell: string): number {
  return Number(/(\d+)$/.exec(cell)?.[1] ?? 0)
}
