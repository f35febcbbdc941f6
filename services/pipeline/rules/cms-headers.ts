/** What CMS asks of the headers: rows 1 to 3 of a CSV, the root keys of a JSON. */
import { from30, type Rule, rule } from './rule.ts'

export const headerRules = {
  // Rows 1 and 2, or the keys of a JSON's root.
  headerMissing: rule(
    'cms.header-missing',
    'error',
    'Add the header "{name}", spelled as in the data dictionary.',
  ),
  headerRowBlank: rule('cms.header-row-blank', 'error', 'Fill rows 1 and 3: they hold the headers.'),
  headerDuplicate: rule('cms.header-duplicate', 'error', 'Keep "{name}" once in the first row.'),
  headerValue: rule('cms.header-value-missing', 'error', 'Give a value for "{name}".'),
  headerType: rule('cms.header-type', 'error', 'Encode "{name}" as {type}.'),
  date: rule('cms.date', 'error', 'Write "{name}" as YYYY-MM-DD (in CSV also M/D/YYYY).'),
  attestationValue: rule('cms.attestation-value', 'error', 'Answer the attestation with true or false.'),
  attestationText: rule(
    'cms.attestation-text',
    'error',
    'Use the sentence of the data dictionary, word for word.',
  ),
  state: rule(
    'cms.state',
    'error',
    'Put the two letters of a state or territory into license_number|[state].',
  ),
  versionMismatch: rule(
    'cms.version-mismatch',
    'warning',
    'Write {expected} into "version": that is the template the columns follow.',
  ),
  attestationFalse: rule(
    'cms.attestation-false',
    'warning',
    'Answer true once the file is complete and accurate; the hospital says that it is not.',
  ),
  // Row 3.
  columnMissing: rule('cms.column-missing', 'error', 'Add the column "{name}".'),
  columnDuplicate: rule('cms.column-duplicate', 'error', 'Keep the column "{name}" once.'),
  columnPlaceholder: rule(
    'cms.column-placeholder',
    'error',
    'Put the real name into the header "{name}".',
    from30,
  ),
  layoutUnclear: rule(
    'cms.layout-unclear',
    'error',
    'Give either the columns payer_name and plan_name (tall) or payer columns such as standard_charge|[payer]|[plan]|negotiated_dollar (wide), in row 3.',
  ),
  estimatedAmount: rule(
    'cms.estimated-amount',
    'warning',
    'Replace estimated_amount by median_amount, 10th_percentile, 90th_percentile and count.',
    from30,
  ),
  noRows: rule('cms.no-rows', 'error', 'Add at least one row: the file has headers only.'),
} as const satisfies Record<string, Rule>
