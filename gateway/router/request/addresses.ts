/** Addresses and networks as route files write them: `10.0.0.0/8`, `::1`. */
import { BlockList, isIP } from 'node:net'

export type AddressTest = (address: string) => boolean

/** Throws for text that is neither an address nor a network. An empty list matches nothing. */
export function addressTest(networks: readonly string[]): AddressTest {
  if (networks.length === 0) return () => false
  const list = new BlockList()
  for (const network of networks) addNetwork(list, network)
  return address => {
    const plain = plainAddress(address)
    const family = isIP(plain)
    return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4')
  }
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', bits, more] = network.split('/')
  const family = isIP(address)
  const width = bits === undefined ? undefined : Number(bits)
  if (family === 0 || more !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits)))
    throw new Error(`"${network}" is neither an address nor a network such as 10.0.0.0/8`)
  const kind = family === 6 ? 'ipv6' : 'ipv4'
  if (width === undefined) list.addAddress(address, kind)
  else if (width <= (family === 6 ? 128 : 32)) list.addSubnet(address, width, kind)
  else throw new Error(`"${network}" has more bits than its address`)
}

/** An IPv4 address that came in on an IPv6 socket (`::ffff:10.0.0.1`) is the IPv4 address; a zone is dropped. */
export function plainAddress(address: string): string {
  const zone = address.indexOf('%')
  const bare = zone === -1 ? address : address.slice(0, zone)
  return bare.startsWith('::ffff:') && bare.includes('.') ? bare.slice(7) : bare
}

type HostPort = { name: string; port: string | undefined }

// Asked several times for each request, and nearly always of the same host.
let last: { host: string; split: HostPort } = { host: '', split: { name: '', port: undefined } }

/** Host and port of `host`, `host:port`, `[v6]:port`; the brackets of an IPv6 address are taken off. */
export function splitHostPort(host: string): HostPort {
  if (host === last.host) return last.split
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(host)
  const split = match
    ? { name: match[1] ?? match[2] ?? '', port: match[3] || undefined }
    : { name: host, port: undefined }
  last = { host, split }
  return split
}
