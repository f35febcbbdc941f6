import type { StoredObject } from './objects.ts'
import { encodePath } from './uri.ts'

/**
 * The body of an event, in the form S3 sends to queues and web hooks. `key` is percent-encoded with `+` for a space,
 * as S3 does it, so a reader must decode it.
 * Source: Amazon S3 User Guide, "Event message structure".
 */
export type EventBody = { Records: EventRecord[] }

export type EventRecord = {
  eventVersion: '2.1'
  eventSource: 'aws:s3'
  awsRegion: string
  eventTime: string
  eventName: string
  s3: { bucket: { name: string }; object: { key: string; size: number; eTag: string } }
}

/** The event of a new object; `eventName` is such as `ObjectCreated:Put`. */
export function createdRecord(object: StoredObject, eventName: string, awsRegion: string): EventBody {
  const { bucket, key, size, etag } = object
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion,
        eventTime: new Date(object.modifiedMs).toISOString(),
        eventName,
        s3: {
          bucket: { name: bucket },
          object: { key: encodePath(key).replaceAll('%20', '+'), size, eTag: etag },
        },
      },
    ],
  }
}
