/**
 * For which of their organisations somebody acts: `X-Organisation: <id>`, or `glimmr.organisation.<id>` among the
 * sub-protocols of a WebSocket. It only ever chooses among what the credential may do anyway.
 */
import type { CredentialHeaders } from './credentials.ts'
import { Refusal } from './refusals.ts'
import { readProtocols } from './socket-protocols.ts'

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** In lower case; undefined: none is named. Throws Refusal for two, and for what is no id. */
export function chosenOrganisation(headers: CredentialHeaders): string | undefined {
  const header = headers['x-organisation']
  const protocols = headers['sec-websocket-protocol']
  if (header === undefined && protocols === undefined) return undefined
  const named = [header ?? [], protocols === undefined ? [] : readProtocols(protocols).organisations].flat()
  const [name, ...more] = named
  if (name === undefined) return undefined
  if (more.length > 0 || !uuid.test(name))
    throw new Refusal('organisation_not_allowed', { detail: 'X-Organisation is the id of one organisation' })
  return name.toLowerCase()
}

/** Throws Refusal where another organisation is named than the one that the credential turned out to act for. */
export function requireChosen(headers: CredentialHeaders, organisation: string): void {
  const chosen = chosenOrganisation(headers)
  if (chosen !== undefined && chosen !== organisation) throw new Refusal('organisation_not_allowed')
}
