/** How every benchmark prints: one line a figure, or JSON with --json. */
export type Figure = {
  name: string
  value: number
  unit: string
  /** What it has to be, and the same in words: `< 10`. */
  target?: { bound: number; less: boolean }
  /** The thing to beat, measured in the same run; in the figure's unit if it has none of its own. */
  peer?: { name: string; value: number; unit?: string }
}

export function printFigures(figures: Figure[], json: boolean): void {
  const judged = figures.map(figure => ({ ...figure, holds: holds(figure) }))
  if (json) console.log(JSON.stringify(judged, null, 2))
  else printTable(figures)
}

function printTable(figures: Figure[]): void {
  for (const figure of figures) {
    const { name, value, unit, target, peer } = figure
    const asked = target
      ? `  (asked ${target.less ? '<' : '≥'} ${target.bound} ${unit}: ${holds(figure) ? 'holds' : 'MISSED'})`
      : ''
    const beside = peer ? `  beside ${peer.name}: ${round(peer.value)} ${peer.unit ?? unit}` : ''
    console.log(`${name.padEnd(52)} ${String(round(value)).padStart(10)} ${unit}${asked}${beside}`)
  }
}

function holds({ value, target }: Figure): boolean | undefined {
  if (!target) return undefined
  return target.less ? value < target.bound : value >= target.bound
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

export function percentile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
