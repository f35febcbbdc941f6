/** `sourceCriterion` and `ipStrategy`: by what requests are told apart. Shared by rateLimit, inFlightReq, ipAllowList. */
import { z } from 'zod'
import { count, flag, integer, text, texts } from '../configuration/values.ts'
import { addressTest } from '../request/addresses.ts'
import type { Exchange } from '../request/exchange.ts'
import { firstValue, valuesOf } from '../request/headers.ts'

export const ipStrategySchema = z.strictObject({
  depth: count.default(0),
  excludedIPs: texts.default([]),
  ipv6Subnet: integer.refine(bits => bits > 0 && bits <= 128, 'must be from 1 to 128').optional(),
})

export const sourceCriterionSchema = z
  .strictObject({
    ipStrategy: ipStrategySchema.optional(),
    requestHeaderName: text.optional(),
    requestHost: flag.default(false),
  })
  .refine(
    source =>
      [source.ipStrategy, source.requestHeaderName, source.requestHost || undefined].filter(Boolean).length <=
      1,
    'ipStrategy, requestHeaderName and requestHost exclude each other',
  )

export type Source = (exchange: Exchange) => string
type IpStrategy = z.infer<typeof ipStrategySchema>

/** Without a criterion: the client's address, or what `otherwise` says. */
export function sourceOf(
  criterion: z.infer<typeof sourceCriterionSchema> | undefined,
  otherwise?: Source,
): Source {
  if (criterion?.ipStrategy) return addressBy(criterion.ipStrategy)
  if (criterion?.requestHeaderName) {
    const name = criterion.requestHeaderName.toLowerCase()
    return ({ headers }) => firstValue(headers, name)
  }
  if (criterion?.requestHost) return ({ host }) => host
  return otherwise ?? addressBy(undefined)
}

/** https://doc.traefik.io/traefik/middlewares/http/ipallowlist/#ipstrategy */
export function addressBy(strategy: IpStrategy | undefined): Source {
  const subnet = strategy?.ipv6Subnet
  const grouped = (address: string) => (subnet === undefined ? address : ipv6Network(address, subnet))
  if (strategy && strategy.depth > 0)
    return exchange => grouped(forwardedFor(exchange).at(-strategy.depth) ?? '')
  if (strategy && strategy.excludedIPs.length > 0) {
    const excluded = addressTest(strategy.excludedIPs)
    return exchange => forwardedFor(exchange).findLast(address => address !== '' && !excluded(address)) ?? ''
  }
  return ({ client }) => grouped(client.address)
}

function forwardedFor({ headers }: Exchange): string[] {
  return (valuesOf(headers, 'x-forwarded-for')[0] ?? '').split(',').map(address => address.trim())
}

/** The first address of the network of `bits` that an IPv6 address is in; other text as it is. */
export function ipv6Network(address: string, bits: number): string {
  const groups = ipv6Groups(address)
  if (!groups) return address
  return groups
    .map((group, index) => {
      const kept = Math.min(16, Math.max(0, bits - index * 16))
      return (group & (0xffff << (16 - kept)) & 0xffff).toString(16)
    })
    .join(':')
}

function ipv6Groups(address: string): number[] | undefined {
  if (!address.includes(':') || address.includes('.')) return undefined
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...Array<string>(Math.max(0, missing)).fill('0'), ...right].map(group =>
    Number.parseInt(group, 16),
  )
  return groups.length === 8 && groups.every(group => group >= 0 && group <= 0xffff) ? groups : undefined
}
