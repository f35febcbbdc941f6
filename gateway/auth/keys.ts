/** `npm run keys -- list|rotate|create|revoke`: see --help. In a container: node gateway/auth/keys.ts rotate. */
import { parseKeysOptions } from './command/options.ts'
import { runKeys } from './command/run.ts'

try {
  const options = parseKeysOptions(process.argv.slice(2))
  if ('help' in options) console.log(options.help)
  else {
    // biome-ignore lint/style/noProcessEnv: a command's edge
    const { text, json } = await runKeys(options, process.env)
    console.log(options.json ? JSON.stringify(json, null, 2) : text)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
