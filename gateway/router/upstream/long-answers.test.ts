import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { asking, openPool, startRaw } from './test-answers.ts'

t.test(
  'a long answer whose reader waits stays where it is; pieces that are kept stay as they are',
  async t => {
    const size = 64 * 2 ** 20
    let sent = 0
    const port = await startRaw(t, socket => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
      const more = () => {
        while (sent < size) {
          const piece = Buffer.alloc(65_536, sent / 65_536)
          sent += piece.length
          if (!socket.write(piece)) return void socket.once('drain', more)
        }
      }
      more()
    })
    const pool = openPool(t, port)
    const kept: { bytes: Buffer; release: (() => void) | undefined }[] = []
    let wrong = 0
    let received = 0
    const checked = (bytes: Buffer) => {
      for (let index = 0; index < bytes.length; index += 997)
        if (bytes[index] !== (((received + index) / 65_536) & 255)) wrong++
      received += bytes.length
    }
    const ended = Promise.withResolvers<void>()
    let paused = false
    const connection = pool.send(asking(), {
      onHead: () => {},
      onEarly: () => {},
      onWait: () => {},
      onBody(bytes, release) {
        // Held back for a while, as by a slow client.
        kept.push({ bytes, release })
        if (kept.length < 8) return
        if (!paused) {
          paused = true
          connection.pause()
        }
        const first = kept.shift()
        if (!first) return
        checked(first.bytes)
        // Some are never given back.
        if (received % 3 !== 0) first.release?.()
      },
      onEnd(last) {
        for (const { bytes } of kept) checked(bytes)
        if (last) checked(last)
        ended.resolve()
      },
      onError: ended.reject,
    })
    let before = -1
    while (before !== sent || sent === 0) {
      before = sent
      await wait(50)
    }
    t.ok(sent < 24 * 2 ** 20, `${sent} bytes were sent to nobody`)
    connection.resume()
    await ended.promise
    t.same([received, wrong], [size, 0])
  },
)
