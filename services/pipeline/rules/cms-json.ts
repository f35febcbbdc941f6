/** What CMS asks of JSON alone (the schemas V2.0.0 to V3.0.0). */
import { from22, from30, only22, type Rule, rule } from './rule.ts'

export const jsonRules = {
  keyMissing: rule('cms.key-missing', 'error', 'Add the key "{name}".'),
  valueEmpty: rule('cms.value-empty', 'error', 'Leave out "{name}" or give it a value.'),
  valueTypeOf22: rule('cms.drug-information-type', 'error', 'Encode "{name}" as {type}.', from22),
  valueTypeOf30: rule('cms.modifier-code-type', 'error', 'Encode "{name}" as {type}.', from30),
  modifierSetting: rule(
    'cms.modifier-setting',
    'error',
    'Use inpatient, outpatient or both, or leave the setting of the modifier out.',
    from30,
  ),
  modifierSettingType: rule('cms.modifier-setting-type', 'error', 'Encode "{name}" as {type}.', from30),
  estimatedType: rule('cms.estimated-amount-type', 'error', 'Encode "{name}" as {type}.', only22),
  estimatedNumber: rule('cms.estimated-amount-number', 'error', 'Write a number above zero.', only22),
  estimatedNines: rule(
    'cms.estimated-amount-nine-nines',
    'warning',
    'Replace 999999999 by the real amount.',
    only22,
  ),
  listEmpty: rule('cms.list-empty', 'error', 'Leave out "{name}" or list something in it.', from30),
  textEmpty: rule('cms.text-empty', 'error', 'Leave out "{name}" or write a text.', from30),
  valueType: rule('cms.value-type', 'error', 'Encode "{name}" as {type}.'),
} as const satisfies Record<string, Rule>
