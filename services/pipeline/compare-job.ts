/** The job `compare`: does a published file say the same as an earlier one? Added in the transaction that publishes it. */
import type { Pool } from '@glimmr/lib/db'
import type { FastifyBaseLogger } from 'fastify'
import type { Task } from 'graphile-worker'
import { z } from 'zod'
import { comparePrices } from './load/same-prices.ts'

const payloadShape = z.object({ file_id: z.number().int() })

export function createCompareJob({ pool, log }: { pool: Pool; log: FastifyBaseLogger }): Task {
  return async payload => {
    const { file_id: file } = payloadShape.parse(payload)
    const same = await comparePrices(pool, file)
    if (same !== undefined)
      log.info({ file_id: file, same_prices_as: same }, 'the prices of an earlier file again')
  }
}
