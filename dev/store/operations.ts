import { bucketLocation, createBucket, deleteBucket, headBucket, listBuckets } from './buckets.ts'
import { type Call, header, parameter } from './call.ts'
import { completeMultipart } from './complete-multipart.ts'
import { copyObject } from './copy-object.ts'
import { deleteObject, deleteObjects } from './delete-objects.ts'
import { S3Error } from './errors.ts'
import { getObject } from './get-object.ts'
import { listObjects } from './list-objects.ts'
import { listParts, listUploads } from './list-uploads.ts'
import { abortMultipart, createMultipart, uploadPart } from './multipart.ts'
import { putObject } from './put-object.ts'

export type Operation = (call: Call) => void | Promise<void>

/** Operations by level and method; where a query parameter chooses one, it stands behind a `?`. First match wins. */
const operations: Record<'service' | 'bucket' | 'object', [string, Operation][]> = {
  service: [['GET', listBuckets]],
  bucket: [
    ['GET?location', bucketLocation],
    ['GET?uploads', listUploads],
    ['GET', listObjects],
    ['HEAD', headBucket],
    ['PUT', createBucket],
    ['DELETE', deleteBucket],
    ['POST?delete', deleteObjects],
  ],
  object: [
    ['GET?uploadId', listParts],
    ['GET', getObject],
    ['HEAD', getObject],
    ['PUT?uploadId', uploadPart],
    ['PUT', putObject],
    ['DELETE?uploadId', abortMultipart],
    ['DELETE', deleteObject],
    ['POST?uploads', createMultipart],
    ['POST?uploadId', completeMultipart],
  ],
}

// Sub-resources of S3 that this store (and mostly R2) lacks. Without this list GET ?acl would answer with the object.
const missing = [
  ...[
    'accelerate',
    'acl',
    'analytics',
    'attributes',
    'cors',
    'encryption',
    'intelligent-tiering',
    'inventory',
    'legal-hold',
  ],
  ...[
    'lifecycle',
    'logging',
    'metrics',
    'notification',
    'object-lock',
    'ownershipControls',
    'policy',
    'policyStatus',
  ],
  ...[
    'publicAccessBlock',
    'replication',
    'requestPayment',
    'restore',
    'retention',
    'select',
    'session',
    'tagging',
  ],
  ...['torrent', 'versionId', 'versioning', 'versions', 'website'],
]

/** The operation a call asks for. Throws NotImplemented or MethodNotAllowed. */
export function operationOf(call: Call): Operation {
  const unknown = missing.find(name => parameter(call, name) !== undefined)
  if (unknown) throw new S3Error('NotImplemented', `The sub-resource ${unknown} is not implemented.`)
  const level = call.key !== '' ? 'object' : call.bucket !== '' ? 'bucket' : 'service'
  const found = operations[level].find(([pattern]) => {
    const [method, name] = pattern.split('?')
    return method === call.request.method && (name === undefined || parameter(call, name) !== undefined)
  })
  if (!found) throw new S3Error('MethodNotAllowed')
  if (found[1] !== putObject && found[1] !== uploadPart) return found[1]
  const copies = header(call, 'x-amz-copy-source') !== undefined
  if (copies && found[1] === uploadPart)
    throw new S3Error('NotImplemented', 'UploadPartCopy is not implemented.')
  return copies ? copyObject : found[1]
}
