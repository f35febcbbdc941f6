/** The moment at which parts become an object, and a process that does not live through it. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import t from 'tap'
import { kill, storeProcess } from './test-process.ts'
import { bucket, testClient, testFolder } from './test-store.ts'

t.test(
  'kill -9 while parts are joined leaves the object whole or the upload as it was, never neither',
  { skip: process.platform === 'win32' },
  async t => {
    const dir = await testFolder(t)
    let running = await storeProcess(t, dir)
    let objects = 0
    // The later the kill the further the store gets: from a request on its way to an answer on its way back.
    for (const turns of [0, 50, 400, 1500]) {
      const place = { Bucket: bucket, Key: `joined-${turns}` }
      const client = testClient(t, running.url)
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(place))
      const part = { ...place, UploadId, PartNumber: 1 }
      const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: 'all of it' }))
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
      const complete = (at: S3Client) =>
        at.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload }))
      const answered = complete(client).then(
        () => true,
        () => false,
      )
      for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
      await kill(running.child)
      const kept = await answered
      running = await storeProcess(t, dir)
      const after = testClient(t, running.url)
      const read = async () => {
        const { Body } = await after.send(new GetObjectCommand(place))
        return String(await Body?.transformToString())
      }
      const first = await read().catch(error => String(error.name))
      if (kept) t.equal(first, 'all of it', 'what was answered with 200 is there')
      if (first === 'NoSuchKey') await complete(after)
      t.equal(await read(), 'all of it', `after ${turns} turns`)
      t.equal((await readdir(join(dir, 'blobs'))).length, ++objects, 'and no byte of anything else')
    }
  },
)
