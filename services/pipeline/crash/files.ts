/** What is loaded while things are killed: real files where they are present, generated ones of their size elsewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { aJsonItem, anItem, csv, json, wideHeaders } from '../test-files.ts'

export type CrashFile = { name: string; body: Buffer }

const wanted = ['16', '19', '25']

export function crashFiles(folder: string): CrashFile[] {
  if (!existsSync(folder)) return generatedFiles()
  const names = readdirSync(folder).filter(name => wanted.includes(name.slice(0, 2)))
  return names.map(name => ({ name, body: readFileSync(join(folder, name)) }))
}

/** Tall, wide and JSON, some 150,000 rates each. */
function generatedFiles(): CrashFile[] {
  const price = (at: number) => `${(at % 977) + 1}.25`
  const tall = Array.from({ length: 150_000 }, (_, at) => ({
    ...anItem,
    description: `Item ${Math.floor(at / 10)}`,
    plan_name: `Plan ${at % 10}`,
    'standard_charge|negotiated_dollar': price(at),
  }))
  const pairs = Array.from({ length: 50 }, (_, at) => `Payer ${at}|Plan`)
  const wide = Array.from({ length: 3000 }, (_, at) => ({
    ...anItem,
    description: `Item ${at}`,
    ...Object.fromEntries(
      pairs.flatMap(pair => [
        [`standard_charge|${pair}|negotiated_dollar`, price(at)],
        [`standard_charge|${pair}|methodology`, 'fee schedule'],
      ]),
    ),
  }))
  const [charge] = aJsonItem.standard_charges
  const items = Array.from({ length: 3000 }, (_, at) => ({
    ...aJsonItem,
    description: `Item ${at}`,
    standard_charges: [
      {
        ...charge,
        payers_information: pairs.map(pair => ({
          payer_name: pair.split('|')[0],
          plan_name: 'Plan',
          methodology: 'case rate',
          standard_charge_dollar: Number(price(at)),
        })),
      },
    ],
  }))
  return [
    { name: 'generated-tall.csv', body: Buffer.from(csv(tall)) },
    { name: 'generated-wide.csv', body: Buffer.from(csv(wide, { headers: wideHeaders(pairs) })) },
    { name: 'generated.json', body: Buffer.from(json(items)) },
  ]
}
