/** The server-sent events of an upload, until it has ended. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Gateway } from './gateway.ts'

export type UploadState = {
  upload_id: string
  status: string
  file_id: number | null
  hospital_id: string | null
  progress: {
    bytes_read: number
    bytes_total: number
    rows_seen: number
    rows_loaded: number
    rows_rejected: number
  }
  reasons: { rule: string; message: string; cell?: string | null }[]
}

const ended = new Set(['published', 'rejected', 'already_loaded', 'failed', 'expired'])
const mostBreaks = 20

/** Gives each state and returns the last. A stream that breaks is taken up again where it was. */
export async function followUpload(
  gateway: Gateway,
  uploadId: string,
  onState: (state: UploadState) => void,
): Promise<UploadState> {
  let lastId: string | undefined
  for (let breaks = 0; ; breaks++) {
    try {
      for await (const { id, data } of events(gateway, uploadId, lastId)) {
        breaks = 0
        lastId = id
        onState(data)
        if (ended.has(data.status)) return data
      }
    } catch (error) {
      if (breaks >= mostBreaks) throw error
    }
    if (breaks >= mostBreaks) throw new Error('The events of the upload stop again and again.')
    await wait(500)
  }
}

async function* events(
  gateway: Gateway,
  uploadId: string,
  lastId: string | undefined,
): AsyncGenerator<{ id: string; data: UploadState }> {
  const headers: Record<string, string> = lastId ? { 'last-event-id': lastId } : {}
  const answer = await gateway.fetch('GET', `/v1/media/uploads/${uploadId}/events`, { headers })
  if (!answer.body) return
  let buffered = ''
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    buffered += chunk
    const frames = buffered.split('\n\n')
    buffered = frames.pop() ?? ''
    for (const frame of frames) {
      const lines = frame.split('\n')
      const field = (name: string) => lines.find(line => line.startsWith(name))?.slice(name.length)
      const data = field('data: ')
      if (data) yield { id: field('id: ') ?? '', data: JSON.parse(data) }
    }
  }
}
