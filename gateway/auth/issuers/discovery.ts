/**
 * Where an issuer's keys are: at the address that it was configured with, or where its own description says.
 * https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
import { z } from 'zod'
import type { IssuerDocuments } from './issuer-document.ts'

export type KeysAddress = {
  /** Throws when the issuer does not say. */
  find(): Promise<string>
  /** What is known has led nowhere: the next question asks again. */
  forget(): void
}

export function fixedAddress(url: string): KeysAddress {
  return { find: async () => url, forget: () => {} }
}

/** `https://login.example/realms/a` → `https://login.example/realms/a/.well-known/openid-configuration` (§4.1). */
export function descriptionUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

const description = z.object({ issuer: z.string(), jwks_uri: z.string().max(2000) })

/** `issuer` to the letter, as §4.3 asks: a description of somebody else's would bring somebody else's keys. */
export function discoveredAddress(
  issuer: string,
  documents: IssuerDocuments,
  now: () => number,
): KeysAddress {
  let known: { url: string; untilMs: number } | undefined
  return {
    async find() {
      if (known && now() < known.untilMs) return known.url
      const url = descriptionUrl(issuer)
      const { content, freshForMs } = await documents.fetch(url)
      const { success, data } = description.safeParse(content)
      if (!success) throw new Error(`${url} has no issuer and jwks_uri`)
      if (data.issuer !== issuer)
        throw new Error(
          `${url} describes the issuer ${JSON.stringify(data.issuer.slice(0, 200))}, not ${issuer}`,
        )
      known = { url: data.jwks_uri, untilMs: now() + freshForMs }
      return known.url
    },
    forget: () => {
      known = undefined
    },
  }
}
