/** What a schedule of cron says: its times, and what is wrong with it. */
import { CronExpressionParser } from 'cron-parser'
import type { Inconsistency, Metadata } from '../metadata-types.ts'
import type { CronTrigger } from './cron-runner.ts'

export function cronTriggers({ cron_triggers }: Metadata): CronTrigger[] {
  return Array.isArray(cron_triggers) ? cron_triggers : []
}

/** The next times of a schedule, in UTC: no zone has its summer time. Throws for one that cannot be read. */
export function nextTimes(schedule: string, from: Date, count: number): Date[] {
  const times = CronExpressionParser.parse(schedule, { currentDate: from, tz: 'UTC' })
  return Array.from({ length: count }, () => times.next().toDate())
}

/** Five fields, as Hasura reads them: seconds are nothing it knows. Undefined when it is sound. */
export function scheduleFault(schedule: string): string | undefined {
  const said = `cron schedule ${JSON.stringify(schedule)} is invalid`
  if (!schedule.startsWith('@') && schedule.trim().split(/\s+/).length !== 5) return said
  try {
    nextTimes(schedule, new Date(), 1)
  } catch {
    return said
  }
  return undefined
}

/** Triggers that will never run; the others do. */
export function cronFaults(metadata: Metadata): Inconsistency[] {
  return cronTriggers(metadata).flatMap(trigger => {
    const fault = scheduleFault(String(trigger.schedule))
    if (fault === undefined) return []
    return {
      type: 'cron_trigger',
      name: `cron_trigger ${trigger.name}`,
      reason: `Inconsistent object: ${fault}`,
      definition: { ...trigger },
    }
  })
}
