/** Which encoding a client gets (RFC 9110, 12.5.3), with Traefik's order at equal weight. */

export type Encoding = 'gzip' | 'br' | 'zstd'

/** undefined: the answer stays as it is. `values` are the Accept-Encoding lines; none of them: nothing was said. */
export function chooseEncoding(
  values: readonly string[],
  encodings: readonly Encoding[],
  otherwise: Encoding | undefined,
): Encoding | undefined {
  if (values.length === 0) return otherwise
  if (values.length === 1 && values[0] === '') return undefined
  const rank = new Map<string, number>([
    ['*', -1],
    ...encodings.map((name, index) => [name, index] as const),
    ['identity', encodings.length],
  ])
  const [best] = values
    .flatMap(line => line.replaceAll(' ', '').split(','))
    .map(item => {
      const [name = '', parameter] = item.split(/;(.*)/)
      const weight = parameter?.startsWith('q=') ? Number.parseFloat(parameter.slice(2)) || 0 : 1
      return { name, weight, rank: rank.get(name) }
    })
    .filter((item): item is typeof item & { rank: number } => item.rank !== undefined && item.weight > 0)
    .sort((a, b) => b.weight - a.weight || a.rank - b.rank)
  if (!best || best.name === 'identity') return undefined
  return best.name === '*' ? (otherwise ?? encodings[0]) : (best.name as Encoding)
}
