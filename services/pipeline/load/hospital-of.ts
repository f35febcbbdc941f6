/** Whose prices a file holds: the uploader's choice, or the hospital that core finds by what the file says of itself. */
import { one, type Queryable } from '@glimmr/lib/db'
import { sql } from '@glimmr/lib/sql'
import type { General } from '../layout/general.ts'
import type { Findings } from '../rules/findings.ts'
import { isNpi } from '../rules/values.ts'
import { Refusal } from '../source/refusal.ts'
import type { FileToLoad } from './file-record.ts'

type Owned = Pick<FileToLoad, 'organisationId' | 'hospitalId'>

type Hospital = {
  hospitalId: string
  /** Where the file names another: what to tell whoever uploaded it. */
  otherName: Parameters<Findings['add']>[1] | undefined
}

export async function hospitalOf(db: Queryable, file: Owned, general: General): Promise<Hospital> {
  const hospitalId = await (file.hospitalId ? completed(db, file, general) : joined(db, file, general))
  const { hospitalName } = general
  const found = await one<{ name: string; same: boolean }>(
    db,
    sql`
    select h.name, core.comparable_name(h.name) is not distinct from core.comparable_name(${hospitalName ?? null}) as same
    from core.hospitals h where h.id = ${hospitalId}`,
  )
  if (found.same || !hospitalName) return { hospitalId, otherName: undefined }
  const fill = { hospital: found.name, named: hospitalName }
  return { hospitalId, otherName: { columnName: 'hospital_name', value: hospitalName, fill } }
}

async function completed(
  db: Queryable,
  { organisationId, hospitalId }: Owned,
  general: General,
): Promise<string> {
  const { npis, licences } = numbersOf(general)
  const { found } = await one<{ found: boolean }>(
    db,
    sql`
    select core.complete_hospital(${organisationId}, ${hospitalId}, ${general.state ?? null}, ${npis}, ${licences},
      ${general.addresses}) as found`,
  )
  if (!hospitalId || !found)
    throw new Refusal(
      'hospital-unknown',
      'The hospital chosen for this upload does not exist any more. Choose another, or none.',
    )
  return hospitalId
}

async function joined(db: Queryable, { organisationId }: Owned, general: General): Promise<string> {
  const { npis, licences } = numbersOf(general)
  if (!general.hospitalName && npis.length === 0 && licences.length === 0)
    throw new Refusal(
      'hospital-unnamed',
      'The file does not say whose prices it holds. Give hospital_name in row 1 and 2 (in JSON: as a key), or choose the hospital when uploading.',
    )
  const { id } = await one<{ id: string }>(
    db,
    sql`
    select core.join_hospital(${organisationId}, ${general.hospitalName ?? null}, ${general.state ?? null}, ${npis},
      ${licences}, ${general.addresses}) as id`,
  )
  return id
}

/**
 * Made-up NPIs (0000000001) stand in many files: joined by them, hospitals would take each other's place. Where the values of
 * row 2 stand under other headers (an address whose commas lack quotes), a town would be a licence.
 */
function numbersOf({ npis, licences, shifted }: General): Pick<General, 'npis' | 'licences'> {
  if (shifted) return { npis: [], licences: [] }
  return { npis: npis.filter(isNpi), licences: licences.filter(isLicence) }
}

/** `N/A`, `pending`, and the tax number of a whole system (`74-6001118 (EIN)`) tell no hospital from another. */
function isLicence(licence: string): boolean {
  return /\d/.test(licence) && !/\bEIN\b|\b\d{2}-\d{7}\b/i.test(licence)
}
