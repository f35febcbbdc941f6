/** The address a request came from, through the proxies that are trusted to say so. */
import { BlockList, isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

export type AddressOf = (request: FastifyRequest) => string

/** `networks`: addresses or CIDR blocks. Throws for one that is neither. */
export function clientAddressBehind(networks: readonly string[]): AddressOf {
  const trusted = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = familyOf(address)
    const bits = prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix)
    if (!family || !Number.isInteger(bits)) throw new Error(`${network} is no address or network`)
    trusted.addSubnet(address, bits, family)
  }
  return request => {
    let address = plain(request.socket.remoteAddress ?? '')
    const header = request.headers['x-forwarded-for']
    const forwarded = (Array.isArray(header) ? header.join(',') : (header ?? ''))
      .split(',')
      .map(part => plain(part.trim()))
    // From the nearest proxy outwards, as long as the one who says it is trusted: what a client writes stands further left.
    for (let next = forwarded.pop(); next !== undefined && familyOf(next); next = forwarded.pop()) {
      const family = familyOf(address)
      if (!family || !trusted.check(address, family)) break
      address = next
    }
    return address
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address)
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined
}

/** A dual-stack socket shows 127.0.0.1 as ::ffff:127.0.0.1. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
