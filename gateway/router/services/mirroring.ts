/**
 * mirroring: a service answers, and a share of its requests goes to others as well, whose answers nobody sees.
 * https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/#mirroring
 *
 *   core: { mirroring: { service: core-now, mirrors: [{ name: core-next, percent: 10 }] } }
 *
 * A mirror gets its copy when the answer is out; it can neither slow nor break the request.
 */

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { ServiceConfiguration } from '../configuration/dynamic.ts'
import { type Exchange, type Handler, resume } from '../request/exchange.ts'
import { copyHeaders, type RequestHeaders } from '../request/headers.ts'
import { announcedLength, BodyTooLarge, readBody, replay } from '../request/replay.ts'
import { GatewayResponse } from '../request/response.ts'
import type { Service } from './service.ts'

type Options = NonNullable<ServiceConfiguration['mirroring']>
type Mirror = { handle: Handler; percent: number; sent: number }

// A mirror that hangs must not gather requests without end.
const maxUnderWay = 256
const maxMs = 60_000

export function createMirroring(options: Options, find: (name: string) => Service): Service {
  const main = find(options.service)
  const mirrors = options.mirrors.map(
    ({ name, percent }): Mirror => ({ handle: find(name).handle, percent, sent: 0 }),
  )
  let total = 0
  let underWay = 0
  const share = (): Mirror[] => {
    total++
    return mirrors.filter(mirror => {
      if (mirror.sent * 100 >= total * mirror.percent) return false
      mirror.sent++
      return true
    })
  }
  const repeat = (exchange: Exchange, copy: Copy, chosen: readonly Mirror[]) => {
    for (const { handle } of chosen) {
      if (underWay >= maxUnderWay) return
      underWay++
      const mirrored = mirroredExchange(exchange, copy, () => underWay--)
      resume(handle, mirrored)
    }
  }
  return {
    isUp: main.isUp,
    reportsHealth: main.reportsHealth && options.healthCheck !== undefined,
    handle: exchange => {
      const chosen = exchange.upgrade ? [] : share()
      if (chosen.length === 0) return main.handle(exchange)
      return mirrorWith(exchange, options, main.handle, copy => repeat(exchange, copy, chosen))
    },
  }
}

type Copy = Pick<Exchange, 'path' | 'query' | 'host' | 'method'> & {
  headers: RequestHeaders
  body: Buffer | undefined
}

async function mirrorWith(
  exchange: Exchange,
  { mirrorBody, maxBodySize }: Options,
  main: Handler,
  repeat: (copy: Copy) => void,
): Promise<void> {
  let body: Buffer | undefined
  if (mirrorBody && announcedLength(exchange) !== 0) {
    if (exchange.expectsContinue) exchange.response.writeContinue()
    exchange.expectsContinue = false
    try {
      if ((announcedLength(exchange) ?? 0) > maxBodySize) return main(exchange)
      body = await readBody(exchange.request, maxBodySize)
    } catch (error) {
      if (!(error instanceof BodyTooLarge)) throw error
      return main(exchange)
    }
    exchange.request = replay(exchange, body)
  }
  const { path, query, host, method, response } = exchange
  const headers = copyHeaders(exchange.headers)
  if (!body) delete headers['content-length']
  delete headers['transfer-encoding']
  if (body) headers['content-length'] = String(body.length)
  // Whoever has gone away does not count as served.
  response.once('finish', () => repeat({ path, query, host, method, headers, body }))
  return main(exchange)
}

function mirroredExchange(exchange: Exchange, { body, ...copy }: Copy, done: () => void): Exchange {
  const mirrored: Exchange = {
    ...exchange,
    ...copy,
    upgrade: undefined,
    failed: undefined,
    expectsContinue: false,
  }
  mirrored.request = replay(mirrored, body)
  const response = new GatewayResponse(mirrored.request)
  const socket = nowhere()
  response.assignSocket(socket as unknown as Socket)
  const timer = setTimeout(() => socket.destroy(), maxMs)
  timer.unref()
  response.once('finish', () => socket.destroy())
  socket.once('close', () => {
    clearTimeout(timer)
    done()
  })
  mirrored.response = response
  return mirrored
}

/** A connection that takes everything and says nothing. */
function nowhere(): Duplex {
  return new Duplex({
    read() {},
    write(_chunk, _encoding, written) {
      written()
    },
  })
}
