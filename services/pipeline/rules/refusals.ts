/** Why a file is refused as a whole. The sentence that the uploader is told names what was found; here is what each means. */
export const refusals = {
  empty: 'The file holds nothing, or blanks only.',
  kind: 'It is something else: PDF, HTML, XML, an Excel workbook, an image, another archive …',
  'cms-hpt-index': 'It is a cms-hpt.txt: upload what its mrf-url names.',
  'nul-filled': 'It begins with NUL bytes only, as after an interrupted copy.',
  'nested-archive': 'An archive within an archive.',
  'content-encoding': 'It is stored under a Content-Encoding other than gzip.',
  'zip-empty': 'The .zip holds no file.',
  'zip-members': 'The .zip holds several files that could be the price file, or more than 1000.',
  'zip-encrypted': 'The .zip asks for a password.',
  truncated: 'The archive or JSON ends too early.',
  damaged: 'The archive cannot be unpacked, or its checksum is wrong.',
  bomb: 'The archive grows to more than 250 times its size.',
  'too-large': 'The decompressed file is beyond the configured bound.',
  'record-too-long': 'A row is longer than 4 MB, so its lines do not end or a cell holds megabytes.',
  'too-many-columns': 'A row has more than 16,384 columns.',
  'too-many-payers': 'More payers and plans than any hospital has.',
  'unclosed-quotes': 'More than half of the rows hold a quote that is never closed.',
  columns: 'The columns cannot be understood; every reason is told.',
  'json-syntax':
    'The JSON is broken outside of its items, one value is beyond 16 MB, or the header is nested beyond 64.',
  'json-shape': 'The JSON is a list, or has no standard_charge_information.',
  ndjson: 'One JSON object a line instead of one document.',
  'no-rows': 'Headers without rows: it never takes the place of a file with prices.',
  'rows-rejected': 'Every row was rejected; the first reasons are told.',
  'hospital-unnamed': 'The file does not say whose prices it holds, and no hospital was chosen.',
  'hospital-unknown': 'The hospital chosen for the upload does not exist any more.',
  failed: 'A refusal that lost its reasons on the way from the loading thread.',
} as const

export type RefusalKind = keyof typeof refusals
