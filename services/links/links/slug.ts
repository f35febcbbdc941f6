/** Slugs that nobody can guess or misread: eight characters of 56, 46 random bits. */
import { randomInt } from 'node:crypto'

/** Without 0 O 1 l I and o. */
const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz'

export function randomSlug(length = 8): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
}

export const slugForm = /^[A-Za-z0-9_-]{4,64}$/
