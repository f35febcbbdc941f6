/** Operators that a permission may use; `$eq` is an older spelling of `_eq`. */
const known = new Set(
  [
    ...['eq', 'ne', 'neq', 'gt', 'lt', 'gte', 'lte', 'in', 'nin', 'notin', 'is_null', 'cast'],
    ...['ceq', 'cne', 'cneq', 'cgt', 'clt', 'cgte', 'clte'],
    ...['like', 'nlike', 'ilike', 'nilike', 'similar', 'nsimilar', 'regex', 'nregex', 'iregex', 'niregex'],
    ...['contains', 'contained_in', 'has_key', 'has_keys_any', 'has_keys_all'],
    ...['ancestor', 'ancestor_any', 'descendant', 'descendant_any'],
    ...['matches', 'matches_any', 'matches_fulltext'],
  ].map(name => `_${name}`),
)

/** Why an operator cannot be used, or undefined. A key that is no operator at all is a value's own. */
export function operatorFault(key: string): string | undefined {
  const operator = `_${key.slice(1)}`
  if (known.has(operator)) return undefined
  return operator.startsWith('_st_')
    ? `the operators of PostGIS are not supported by this server: "${key}"`
    : `unexpected operator "${key}"`
}
