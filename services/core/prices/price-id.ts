/** `30064771073-30064771084`: the charge, and the rate or 0 for a charge without any payer. */
import { z } from 'zod'

const form = /^(?<charge>\d{1,16})-(?<rate>\d{1,16})$/

export const priceIdParams = z.object({
  id: z.string().regex(form, 'is not the id of a price: take it from /v1/core/prices'),
})

export function parsePriceId(id: string): { charge: string; rate: string } {
  const { charge = '', rate = '' } = form.exec(id)?.groups ?? {}
  return { charge, rate }
}
