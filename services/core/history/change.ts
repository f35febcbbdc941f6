/** A change between two filings, as the API shows it. */
import { z } from 'zod'

const amount = z.number().optional()
const side = z
  .object({
    price_id: z
      .string()
      .describe(
        "For /v1/core/prices/{id}/proof. Of a charge's own amounts (`payer` is null): its first rate, if it has any",
      ),
    row: z.number().int(),
    gross: amount,
    discounted_cash: amount,
    minimum: amount,
    maximum: amount,
    negotiated_dollar: amount,
    negotiated_percentage: amount,
    algorithm: z.string().optional(),
    methodology: z.string().optional(),
    estimated_amount: amount,
    median: amount,
    p10: amount,
    p90: amount,
    count: z.string().optional(),
  })
  .meta({ id: 'ChangeSide', description: 'What is blank in the file is left out' })

export const changeSchema = z
  .object({
    change: z.enum(['added', 'removed', 'changed']),
    codes: z.array(z.object({ code: z.string(), type: z.string() })),
    description: z.string(),
    setting: z.string().nullable(),
    billing_class: z.string().nullable(),
    modifiers: z.array(z.string()),
    drug_unit: z.number().nullable(),
    drug_type: z.string().nullable(),
    payer: z.string().nullable().describe('null: gross, cash, minimum and maximum of the charge'),
    plan: z.string().nullable(),
    from: side.nullable(),
    to: side.nullable(),
  })
  .meta({ id: 'Change' })
