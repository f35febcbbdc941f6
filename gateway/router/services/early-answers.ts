/**
 * Answers before the final one: early hints, of which the links go on (all that browsers take), and the word that a request is
 * worked on. https://www.rfc-editor.org/rfc/rfc8297
 */
import type { GatewayResponse } from '../request/response.ts'
import type { AnswerFields } from '../upstream/answer-lines.ts'

export function passEarly(response: GatewayResponse, status: number, { link }: AnswerFields): void {
  // Who speaks HTTP/1.0 takes the first answer for the last.
  if (response.begun || response.held || response.req.httpVersionMinor === 0) return
  if (status === 102) response.writeProcessing()
  if (status !== 103 || link === undefined) return
  const links = [link].flat().flatMap(line => line.split(/,\s*(?=<)/))
  if (links.every(one => one.length <= 2000 && asNodeTakesIt.test(one)))
    response.writeEarlyHints({ link: links })
}

/**
 * What else is one, node throws at. No text can be read in two ways by it, so that a long one takes no longer than its length.
 * https://nodejs.org/api/http.html#responsewriteearlyhintshints-callback
 */
const asNodeTakesIt = /^<[^>]*>(?:\s*;\s*[^;"\s=]+(?:=(?:"[^;"\s]*"|[^;"\s]*))?)*$/
