/** The options of `npm run upload`, and what the running platform tells of itself. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

export type UploadOptions = {
  file: string
  /** Name or id. */
  hospital: string | undefined
  gatewayUrl: string
  key: string
  /** A line for a shell that sets $KEY: what is printed for pasting holds no key. */
  setKey: string
}

export const help = `Uploads a price file and follows it until its prices are published.

  npm run upload -- FILE [options]

  --hospital NAME  the hospital the file is for (name or id; made if it is new); left out, the file says which
  --gateway URL    default: that of the platform running on --data
  --key KEY        an API key with the scopes media:write and media:read; default: the platform's key for uploaders
  --data DIR       the platform's data folder, .data unless said otherwise
  --help           this text

FILE is a .csv or .json as CMS defines it, plain, .gz or .zip.`

/** Throws a sentence for the user. `help`: print the help and leave. */
export async function readOptions(args: string[]): Promise<UploadOptions | 'help'> {
  const { values, positionals } = parsed(args)
  if (values.help) return 'help'
  const [file, ...more] = positionals
  if (!file || more.length > 0) throw new Error(`Give one file.\n\n${help}`)
  const { gateway, key, hospital } = values
  const known = gateway && key ? undefined : await runningPlatform(values.data)
  const gatewayUrl = urlOf(gateway ?? known?.gateway_url ?? '')
  if (!key && known && placeOf(gatewayUrl) !== placeOf(known.gateway_url))
    throw new Error(
      `Give --key, too: the key of the platform on ${resolve(values.data)} is for ${known.gateway_url} and sent nowhere else.`,
    )
  return {
    file: resolve(file),
    hospital,
    gatewayUrl,
    key: key ?? known?.keys.uploader ?? '',
    setKey: key
      ? 'read -rs KEY   # the key you gave'
      : `KEY=$(node -p "JSON.parse(fs.readFileSync('${join(resolve(values.data), 'platform.json')}')).keys.uploader")`,
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        hospital: { type: 'string' },
        gateway: { type: 'string' },
        key: { type: 'string' },
        data: { type: 'string', default: '.data' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${help}`, { cause: error })
  }
}

function urlOf(text: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text)) throw new Error(`--gateway takes a URL, not "${text}"`)
  return text.replace(/\/+$/, '')
}

/** This machine has two names. */
function placeOf(url: string): string {
  return new URL(url).host.replace(/^localhost(?=:|$)/, '127.0.0.1')
}

type PlatformFile = { gateway_url: string; keys: { uploader: string } }

async function runningPlatform(dataDir: string): Promise<PlatformFile> {
  const path = join(resolve(dataDir), 'platform.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) {
    throw new Error(
      `No platform is running on ${resolve(dataDir)} (there is no platform.json).\nStart one with npm start, say which with --data, or give --gateway and --key.`,
    )
  }
  return JSON.parse(text)
}
