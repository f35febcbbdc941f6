/** Operators that a permission may use, by the type of the column; `$eq` is an older spelling of `_eq`. */
import type { CatalogType } from '../catalog.ts'

const everywhere = new Set(
  [
    ...['eq', 'ne', 'neq', 'gt', 'lt', 'gte', 'lte', 'in', 'nin', 'notin', 'is_null'],
    ...['ceq', 'cne', 'cneq', 'cgt', 'clt', 'cgte', 'clte'],
  ].map(name => `_${name}`),
)

type Some = { operators: string[]; types: string[]; arrays?: boolean; said: string }

/** What only some types have. */
const some: Some[] = [
  {
    operators: [
      'like',
      'nlike',
      'ilike',
      'nilike',
      'similar',
      'nsimilar',
      'regex',
      'nregex',
      'iregex',
      'niregex',
    ],
    types: ['varchar', 'text', 'citext', 'bpchar', 'char'],
    said: '"varchar", "text", "citext", "bpchar"',
  },
  { operators: ['contains', 'contained_in'], types: ['jsonb'], arrays: true, said: 'an array or JSONB' },
  { operators: ['has_key', 'has_keys_any', 'has_keys_all', 'cast'], types: ['jsonb'], said: '"jsonb"' },
  {
    operators: [
      ...['ancestor', 'ancestor_any', 'descendant', 'descendant_any'],
      ...['matches', 'matches_any', 'matches_fulltext'],
    ],
    types: ['ltree'],
    said: '"ltree"',
  },
]

/** Why an operator cannot be used, or undefined. A key that is no operator at all is a value's own. */
export function operatorFault(key: string, { name, element }: CatalogType): string | undefined {
  const operator = key.slice(1)
  if (name === 'json') return 'JSON column can not be part of boolean expression'
  if (everywhere.has(`_${operator}`)) return undefined
  const found = some.find(({ operators }) => operators.includes(operator))
  if (found) {
    if (element ? found.arrays : found.types.includes(name)) return undefined
    return ` is of type "${typeName(element?.name ?? name)}${element ? '[]' : ''}"; this operator works only on columns of type ${found.said}`
  }
  return operator.startsWith('st_')
    ? `the operators of PostGIS are not supported by this server: "${key}"`
    : `Unknown operator: ${key}`
}

/** As Hasura writes types. */
function typeName(name: string): string {
  const names: Record<string, string> = {
    int2: 'smallint',
    int4: 'integer',
    int8: 'bigint',
    float4: 'real',
    bool: 'boolean',
    char: 'bpchar',
  }
  return names[name] ?? name
}
