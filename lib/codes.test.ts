import t from 'tap'
import { canonicalCodeType, isNormalisedCode, normalisedCode } from './codes.ts'

t.test('a code compares equal however a hospital wrote it', async t => {
  const pairs: [string, string, string][] = [
    ['250', 'RC', '0250'],
    ['0250', 'RC', '0250'],
    ['1', 'MS-DRG', '001'],
    ['1', 'DRG', '001'],
    ['470', 'MS-LTC-DRG', '470'],
    ['5071', 'APC', '5071'],
    ['77', 'APC', '0077'],
    ['0011', 'APR-DRG', '0011'],
    [' j1100 ', 'HCPCS', 'J1100'],
    ['J 1100', 'HCPCS', 'J1100'],
    ['0003-0293-28', 'NDC', '00003029328'],
    ['00003-293-28', 'NDC', '00003029328'],
    ['00003-0293-8', 'NDC', '00003029308'],
    ['00003029328', 'NDC', '00003029328'],
  ]
  for (const [code, type, form] of pairs) t.equal(normalisedCode(code, type), form, `${type} ${code}`)
})

t.test('what does not look like its type stays as it is', async t => {
  t.equal(normalisedCode('0003029328', 'NDC'), '0003029328', 'ten digits may be cut in three ways')
  t.equal(normalisedCode('03029-99999-28', 'NDC'), '03029-99999-28')
  t.equal(normalisedCode('25A', 'RC'), '25A')
  t.equal(normalisedCode('99213', 'CPT'), '99213')
})

t.test('bytes that are told to be the comparable form are it, and most that are it are told', t => {
  const letters = [...'00112599AJTZ -.a é']
  const types = ['', 'RC', 'APC', 'MS-DRG', 'NDC', 'CPT', 'CDM']
  let told = 0
  let same = 0
  for (let number = 0; number < 40_000; number++) {
    const code = Array.from(
      { length: 1 + (number % 12) },
      (_, at) => letters[(number * 7919 + at * at * 31) % letters.length],
    ).join('')
    const type = types[number % types.length] ?? ''
    const bytes = Buffer.from(code)
    const isSame = normalisedCode(code, type) === code
    const isTold = isNormalisedCode(bytes, 0, bytes.length, type)
    if (isTold && !isSame) t.fail(`${type} ${code}`)
    if (isTold) told++
    if (isSame && /^[0-9A-Z]+$/.test(code)) same++
  }
  t.ok(told > 500 && told >= same * 0.8, `${told} of ${same}`)
  t.end()
})

t.test('a CPT code is one under either label, and other labels are believed', async t => {
  for (const [code, label, type] of [
    ['70551', 'HCPCS', 'CPT'],
    ['70551', 'CPT', 'CPT'],
    ['0042T', 'HCPCS', 'CPT'],
    ['J1100', 'CPT', 'HCPCS'],
    ['J1100', 'HCPCS', 'HCPCS'],
    ['470', 'CPT', 'CPT'],
    ['70551', 'CDM', 'CDM'],
    ['Z9999', 'HCPCS', 'HCPCS'],
  ] as const)
    t.equal(canonicalCodeType(code, label), type, `${label} ${code}`)
})
