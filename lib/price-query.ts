/** The parameters of a price search: core answers them, links puts them into short links. */
import { z } from 'zod'
import { dayField, textField } from './problem-schema.ts'

const idField = z.coerce.number().int().min(1).max(2_147_483_647).optional()

/** What a plan can be; the database checks the same words. */
export const payerClasses = [
  'commercial',
  'medicare_advantage',
  'medicare',
  'medicare_supplement',
  'medicaid',
  'dual_eligible',
  'exchange',
  'workers_compensation',
  'auto_liability',
  'government',
  'self_pay',
  'other',
] as const

export const planTypes = ['hmo', 'ppo', 'epo', 'pos', 'hdhp', 'indemnity', 'pffs', 'snp'] as const

export const priceFilters = {
  code: z
    .string(
      'is required: the billing code to look for, such as 70551 (with code_type=CPT), 0636 (RC) or 470 (MS-DRG)',
    )
    .pipe(textField(100))
    .describe(
      'A billing code, in any case. Leading zeros and the dashes of an NDC are optional with its code_type.',
    ),
  code_type: textField(20)
    .transform(type => type.toUpperCase())
    .optional()
    .describe('CPT, HCPCS, MS-DRG, RC, NDC, …: as the file labels the code'),
  payer: textField(200).optional().describe('A part of the published payer name, in any case'),
  payer_id: idField.describe('One payer of /v1/core/payers'),
  plan: textField(200).optional().describe('A part of the published plan name, in any case'),
  plan_id: idField.describe('One plan of /v1/core/plans'),
  payer_class: z
    .enum(payerClasses)
    .optional()
    .describe('What kind of coverage, by the rules of /v1/core/payer-rules'),
  canonical_payer: textField(60)
    .optional()
    .describe('One of /v1/core/canonical-payers: all its published names'),
  plan_type: z.enum(planTypes).optional(),
  hospital_id: z.uuid().optional(),
  as_of: dayField
    .optional()
    .describe('Prices as they were published here at the end of this day (UTC), superseded since or not'),
  setting: z
    .enum(['inpatient', 'outpatient', 'both'])
    .optional()
    .describe(
      'Where the price holds: `inpatient` and `outpatient` also give what was published for both; `both` gives only that',
    ),
  modifiers: textField(60)
    .transform(list => list.toUpperCase())
    .refine(list => /^[A-Z0-9]+(,[A-Z0-9]+)*$/.test(list), 'is not a list such as 26 or 26,TC, or none')
    .optional()
    .describe(
      'Exactly this set of modifiers, in any order: `26`, `26,TC`; `none`: prices of the whole service',
    ),
  billing_class: z
    .enum(['professional', 'facility', 'both'])
    .optional()
    .describe(
      'Whose service: `professional` and `facility` also give what was published for both; `both` gives only that',
    ),
}
