/** What ends with a configuration, and when: a request may still be on its way to a connection of the last one. */

export type Retirement = {
  enter(): () => void
  retire(): void
  /** Runs when these files are replaced by others or the router closes. */
  onRetire(release: () => void): void
  /** Runs after that, when no request uses these handlers any more. */
  onDrained(release: () => void): void
}

export function createRetirement(): Retirement {
  const atOnce: (() => void)[] = []
  const atLast: (() => void)[] = []
  let underWay = 0
  let retired = false
  const run = (releases: (() => void)[]) => {
    for (const release of releases.splice(0)) release()
  }
  const leave = () => {
    underWay--
    if (retired && underWay === 0) run(atLast)
  }
  return {
    onRetire: release => void atOnce.push(release),
    onDrained: release => void atLast.push(release),
    enter() {
      underWay++
      return leave
    },
    retire() {
      retired = true
      run(atOnce)
      if (underWay === 0) run(atLast)
    },
  }
}
