/** The options of `npm run keys`. */
import { parseArgs } from 'node:util'
import { limitClasses, roles } from '@glimmr/lib/api-keys'
import { tokenAlgorithms } from '@glimmr/lib/published-keys'

const help = `Signing keys and API keys of a Glimmr that runs.

  npm run keys -- list                      the signing keys, and the API keys of the organisation
  npm run keys -- rotate                    the next signing key signs from now on
  npm run keys -- create --name NAME        makes an API key and prints it, this once
  npm run keys -- revoke ID                 ends an API key, by its id or its prefix (glm_abcdefgh)

  --data DIR        the platform's data folder, .data unless said otherwise
  --keys-dir DIR    where the signing keys are; default: $KEYS_DIR, else auth-keys in the data folder
  --gateway URL     default: that of the platform running on --data
  --key KEY         an API key with the scope admin; default: $GLIMMR_KEY, else the platform's admin key
  --organisation ID another organisation than that key's own; needs the scope organisations
  --json            for programs
  --help            this text; also behind a command

rotate
  A running auth follows within a second, without a restart. Tokens of the old key stay good until they have expired (15
  minutes), then it leaves /.well-known/jwks.json. A second rotation within ten minutes is refused: verifiers may not have
  heard of the next key yet.

  --now             rotate all the same
  --stolen          the keys are in wrong hands: all are replaced, and what they signed is refused at once. Services take
                    the new ones within five seconds, a Hasura within five minutes
  --algorithm NAME  of the key that is made: ${tokenAlgorithms.join(', ')} (it signs after the next rotation)

create
  --role ROLE       ${roles.join(', ')}; again for more, the first is the default; viewer if left out
  --scope SCOPE     fewer scopes than the roles give; again for more
  --class CLASS     limits: ${limitClasses.join(', ')}; given by an operator. If left out: partner for the role partner, else standard;
                    where the key that makes it is no operator's, always standard
  --days N          it expires after N days`

export type KeysOptions = {
  command: 'list' | 'rotate' | 'create' | 'revoke'
  /** What `revoke` is about. */
  target: string | undefined
  data: string
  keysDir: string | undefined
  gateway: string | undefined
  key: string | undefined
  organisation: string | undefined
  json: boolean
  rotation: { hurry: boolean; discard: boolean; algorithm: (typeof tokenAlgorithms)[number] }
  creation: {
    name: string | undefined
    roles: string[]
    scopes: string[] | undefined
    limitClass: string | undefined
    days: number | undefined
  }
}

const commands = ['list', 'rotate', 'create', 'revoke'] as const

export type Asked = KeysOptions | { help: string }

/** Throws a sentence for the user. */
export function parseKeysOptions(args: readonly string[]): Asked {
  const { values, positionals } = parsed(args)
  if (values.help) return { help }
  const [name, target, ...more] = positionals
  const command = commands.find(known => known === name)
  if (!command || more.length > 0 || (target !== undefined && command !== 'revoke'))
    throw new Error(
      `${name ? `There is no command "${positionals.join(' ')}"` : 'Give a command'}.\n\n${help}`,
    )
  if (command === 'revoke' && !target) throw new Error(`Say which key to revoke.\n\n${help}`)
  if (command === 'create' && !values.name)
    throw new Error(`Say what the key is for: --name NAME.\n\n${help}`)
  const algorithm = tokenAlgorithms.find(known => known === values.algorithm)
  if (!algorithm)
    throw new Error(`--algorithm takes ${tokenAlgorithms.join(', ')}, not "${values.algorithm}"`)
  return {
    command,
    target,
    data: values.data,
    keysDir: values['keys-dir'],
    gateway: values.gateway,
    key: values.key,
    organisation: values.organisation,
    json: values.json,
    rotation: { hurry: values.now, discard: values.stolen, algorithm },
    creation: {
      name: values.name,
      roles: values.role,
      scopes: values.scope,
      limitClass: values.class,
      days: daysIn(values.days),
    },
  }
}

function daysIn(text: string | undefined): number | undefined {
  if (text !== undefined && !/^[1-9]\d{0,3}$/.test(text))
    throw new Error(`--days takes a number of days, not "${text}"`)
  return text === undefined ? undefined : Number(text)
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        data: { ...text, default: '.data' },
        'keys-dir': text,
        gateway: text,
        key: text,
        organisation: text,
        json: flag,
        help: { ...flag, short: 'h' },
        now: flag,
        stolen: flag,
        algorithm: { ...text, default: 'RS256' },
        name: text,
        role: { ...text, multiple: true, default: ['viewer'] },
        scope: { ...text, multiple: true },
        class: text,
        days: text,
      },
    })
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${help}`, { cause: error })
  }
}
