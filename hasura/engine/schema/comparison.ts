/** The operators a value can be compared with. */
import type { CatalogType } from '../catalog.ts'
import { camelCase, type Naming, typeName } from '../model/naming.ts'
import { scalarName } from '../model/scalar-names.ts'
import type { Column, Table } from '../model.ts'
import type { Maker } from './maker.ts'
import { enumTableType, plainScalar, valueType } from './scalars.ts'
import { type InputField, inputType, list, nonNull, type TypeRef } from './types.ts'

const text = new Set(['text', 'varchar', 'bpchar', 'char', 'citext'])

const descriptions: Record<string, string> = {
  _like: 'does the column match the given pattern',
  _nlike: 'does the column NOT match the given pattern',
  _ilike: 'does the column match the given case-insensitive pattern',
  _nilike: 'does the column NOT match the given case-insensitive pattern',
  _similar: 'does the column match the given SQL regular expression',
  _nsimilar: 'does the column NOT match the given SQL regular expression',
  _regex: 'does the column match the given POSIX regular expression, case sensitive',
  _iregex: 'does the column match the given POSIX regular expression, case insensitive',
  _nregex: 'does the column NOT match the given POSIX regular expression, case sensitive',
  _niregex: 'does the column NOT match the given POSIX regular expression, case insensitive',
  _contains: 'does the column contain the given json value at the top level',
  _contained_in: 'is the column contained in the given json value',
  _has_key: 'does the string exist as a top-level key in the column',
  _has_keys_any: 'do any of these strings exist as top-level keys in the column',
  _has_keys_all: 'do all of these strings exist as top-level keys in the column',
  _ancestor: 'is the left argument an ancestor of right (or equal)?',
  _ancestor_any: 'does array contain an ancestor of `ltree`?',
  _descendant: 'is the left argument a descendant of right (or equal)?',
  _descendant_any: 'does array contain a descendant of `ltree`?',
  _matches: 'does `ltree` match `lquery`?',
  _matches_any: 'does `ltree` match any `lquery` in array?',
  _matches_fulltext: 'does `ltree` match `ltxtquery`?',
}
const arrayDescriptions: Record<string, string> = {
  _contains: 'does the array contain the given value',
  _contained_in: 'is the array contained in the given array value',
}

export function comparisonType(maker: Maker, table: Table, column: Column): TypeRef {
  const { naming } = table
  if (column.enumTable) return enumComparison(maker, naming, column.enumTable)
  return valueComparison(maker, naming, column.type)
}

/** For a value of a type, whatever it comes from: a column, a function, an aggregate. */
export function valueComparison(maker: Maker, naming: Naming, type: CatalogType): TypeRef {
  const scalar = scalarName(type.element ?? type)
  const base = type.element ? `${scalar}_array` : scalar
  const name = comparisonName(naming, base)
  const value = valueType(maker, type)
  const description = `Boolean expression to compare columns of type "${scalar}". All fields are combined with logical 'AND'.`
  return maker.type(name, () =>
    inputType(name, description, () => [
      ...equality(maker, naming, value),
      ...ordering(naming, value),
      ...specific(maker, naming, type, value),
    ]),
  )
}

function comparisonName(naming: Naming, base: string): string {
  return typeName({ ...naming, typePrefix: '', typeSuffix: '' }, base, 'comparison_exp')
}

function enumComparison(maker: Maker, naming: Naming, table: Table): TypeRef {
  const value = enumTableType(maker, table)
  const base = value.ref === 'named' ? value.name : ''
  const name = comparisonName(naming, base)
  const description = `Boolean expression to compare columns of type "${base}". All fields are combined with logical 'AND'.`
  return maker.type(name, () => inputType(name, description, () => equality(maker, naming, value)))
}

type OperatorField = InputField & { means: { is: 'operator' } }

function operator(naming: Naming, operatorName: string, type: TypeRef): OperatorField {
  const name = naming.convention === 'graphql-default' ? `_${camelCase(operatorName.slice(1))}` : operatorName
  return {
    name,
    description: descriptions[operatorName] ?? null,
    type,
    means: { is: 'operator', operator: operatorName },
  }
}

function equality(maker: Maker, naming: Naming, value: TypeRef): InputField[] {
  return [
    operator(naming, '_eq', value),
    operator(naming, '_in', list(nonNull(value))),
    operator(naming, '_is_null', plainScalar(maker, 'Boolean')),
    operator(naming, '_neq', value),
    operator(naming, '_nin', list(nonNull(value))),
  ]
}

function ordering(naming: Naming, value: TypeRef): InputField[] {
  return ['_gt', '_gte', '_lt', '_lte'].map(name => operator(naming, name, value))
}

/** What only some types have. */
function specific(maker: Maker, naming: Naming, type: CatalogType, value: TypeRef): InputField[] {
  const of = (names: string[], argument: TypeRef) => names.map(name => operator(naming, name, argument))
  if (type.element)
    return of(['_contained_in', '_contains'], value).map(field => ({
      ...field,
      description: arrayDescriptions[field.means.operator] ?? null,
    }))
  if (text.has(type.name)) {
    const patterns = ['_like', '_nlike', '_ilike', '_nilike', '_similar', '_nsimilar']
    return of([...patterns, '_regex', '_iregex', '_nregex', '_niregex'], value)
  }
  if (type.name === 'jsonb') {
    const key = plainScalar(maker, 'String')
    return [
      operator(naming, '_cast', jsonbCast(maker, naming)),
      ...of(['_contained_in', '_contains'], value),
      operator(naming, '_has_key', key),
      ...of(['_has_keys_all', '_has_keys_any'], list(nonNull(key))),
    ]
  }
  if (type.name === 'ltree') return ltreeOperators(maker, naming, value)
  return []
}

function jsonbCast(maker: Maker, naming: Naming): TypeRef {
  const name = typeName({ ...naming, typePrefix: '', typeSuffix: '' }, 'jsonb_cast_exp')
  const string: CatalogType = { name: 'text', schema: 'pg_catalog', kind: 'b' }
  return maker.type(name, () =>
    inputType(name, null, () => [
      {
        name: 'String',
        description: null,
        type: valueComparison(maker, naming, string),
        means: { is: 'operator', operator: '_cast' },
      },
    ]),
  )
}

function ltreeOperators(maker: Maker, naming: Naming, value: TypeRef): InputField[] {
  const any = list(nonNull(value))
  const query = plainScalar(maker, 'lquery')
  return [
    operator(naming, '_ancestor', value),
    operator(naming, '_ancestor_any', any),
    operator(naming, '_descendant', value),
    operator(naming, '_descendant_any', any),
    operator(naming, '_matches', query),
    operator(naming, '_matches_any', list(nonNull(query))),
    operator(naming, '_matches_fulltext', plainScalar(maker, 'ltxtquery')),
  ]
}
