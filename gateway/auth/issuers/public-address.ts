/**
 * Which addresses are of the open network: an issuer's keys are fetched from these only, so that a name that somebody
 * else controls cannot make us ask a machine of ours (server-side request forgery).
 * https://www.iana.org/assignments/iana-ipv4-special-registry, …-ipv6-special-registry
 */
import { lookup as resolve } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

const reserved = new BlockList()
for (const network of [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
])
  add(network, 'ipv4')
// Documentation, and networks that carry an IPv4 address inside (Teredo, 6to4).
for (const network of ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']) add(network, 'ipv6')

const global = new BlockList()
global.addSubnet('2000::', 3, 'ipv6')

function add(network: string, family: 'ipv4' | 'ipv6'): void {
  const [address = '', bits] = network.split('/')
  reserved.addSubnet(address, Number(bits), family)
}

export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !reserved.check(address, 'ipv4')
  return family === 6 && global.check(address, 'ipv6') && !reserved.check(address, 'ipv6')
}

/** As dns.lookup, failing when any address of the name is not public. Checked where the socket connects: no second answer of
 * the name server comes in between. An address written as such is not looked up: check it with `isPublicAddress`. */
export const lookupPublic: LookupFunction = (hostname, options, done) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, [], 0)
    const hidden = addresses.find(({ address }) => !isPublicAddress(address))
    if (hidden || !addresses[0])
      return done(new Error(`${hostname} is at an address that is not public`), [], 0)
    if (options.all) return done(null, addresses)
    done(null, addresses[0].address, addresses[0].family)
  })
}
