import { smallBody } from './body.ts'
import type { Call, Store } from './call.ts'
import { type Catalog, inTransaction } from './catalog.ts'
import { S3Error } from './errors.ts'
import { isoTime, sendEmpty, sendXml } from './reply.ts'
import { element, s3Namespace } from './xml.ts'

/** Buckets: made at the start from the configuration, or by CreateBucket. */

/** 3 to 63 of `a-z 0-9 -`, beginning and ending with a letter or digit: the rule of R2, which takes no dots as S3 does. */
const validName = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/

/** Makes a bucket; returns false if it was there. Throws InvalidBucketName. */
export function ensureBucket(catalog: Catalog, name: string, nowMs: number): boolean {
  if (!validName.test(name)) throw new S3Error('InvalidBucketName', undefined, { BucketName: name })
  const made = catalog.prepare('insert into buckets (name, created_ms) values (?, ?) on conflict do nothing')
  return made.run(name, nowMs).changes === 1
}

/** Throws NoSuchBucket. */
export function requireBucket({ catalog }: Store, name: string): void {
  if (!catalog.prepare('select 1 from buckets where name = ?').get(name)) {
    throw new S3Error('NoSuchBucket', undefined, { BucketName: name })
  }
}

export function listBuckets(call: Call): void {
  const rows = call.store.catalog.prepare('select name, created_ms from buckets order by name').all()
  const buckets = rows.map(row => {
    return `<Bucket>${element('Name', String(row.name))}${element('CreationDate', isoTime(Number(row.created_ms)))}</Bucket>`
  })
  const owner = '<Owner><ID>glimmr</ID><DisplayName>glimmr</DisplayName></Owner>'
  sendXml(
    call,
    `<ListAllMyBucketsResult ${s3Namespace}>${owner}<Buckets>${buckets.join('')}</Buckets></ListAllMyBucketsResult>`,
  )
}

export async function createBucket(call: Call): Promise<void> {
  // The body may name a region; there is one here, so it is read (its hash is signed) and not obeyed.
  await smallBody(call)
  if (!ensureBucket(call.store.catalog, call.bucket, call.store.now()))
    throw new S3Error('BucketAlreadyOwnedByYou')
  sendEmpty(call, 200, { location: `/${call.bucket}` })
}

export function headBucket(call: Call): void {
  sendEmpty(call, 200, { 'x-amz-bucket-region': call.store.region })
}

export function bucketLocation(call: Call): void {
  const region = element('LocationConstraint', call.store.region)
  sendXml(call, region.replace('>', ` ${s3Namespace}>`))
}

export function deleteBucket(call: Call): void {
  const { catalog } = call.store
  inTransaction(catalog, () => {
    const used = catalog
      .prepare(
        'select 1 from objects where bucket = ?1 union all select 1 from uploads where bucket = ?1 limit 1',
      )
      .get(call.bucket)
    if (used) throw new S3Error('BucketNotEmpty')
    catalog.prepare('delete from buckets where name = ?').run(call.bucket)
  })
  sendEmpty(call, 204)
}
