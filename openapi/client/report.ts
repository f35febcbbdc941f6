/** What became of an upload, in words, and a first query of its prices. */
import type { UploadState } from './follow-upload.ts'
import type { Gateway } from './gateway.ts'
import { grouped } from './progress.ts'

type FileView = {
  hospital_id: string | null
  hospital_name: string | null
  layout: string | null
  template_version: string | null
  last_updated_on: string | null
  rows_seen: number
  rows_loaded: number
  rows_rejected: number
  items_count: number
  charges_count: number
  rates_count: number
  findings: { rule: string; severity: string; count: number }[]
}

export type Report = { good: boolean; text: string }

export async function report(gateway: Gateway, state: UploadState, setKey: string): Promise<Report> {
  const { status, file_id: fileId } = state
  if (status === 'rejected') return { good: false, text: rejected(state) }
  if (status === 'failed' || status === 'expired' || fileId === null) {
    const why = state.reasons.map(reason => reason.message).join('\n  ') || 'See the log of the platform.'
    return { good: false, text: `The upload has ${status === 'expired' ? 'expired' : 'failed'}.\n  ${why}` }
  }
  const file = await gateway.call<FileView>('GET', `/v1/core/files/${fileId}`)
  const first =
    status === 'already_loaded'
      ? `These very bytes were loaded before, as file ${fileId}: nothing was loaded twice.`
      : `Published as file ${fileId}.`
  return {
    good: true,
    text: [first, '', ...counts(file), '', ...(await firstQuery(gateway, fileId, setKey))].join('\n'),
  }
}

function rejected({ reasons, file_id: fileId }: UploadState): string {
  const lines = reasons.map(({ message, cell }) => `  ${cell ? `${cell}: ` : ''}${message}`)
  const more = fileId === null ? '' : `\n\nAll findings: GET /v1/core/files/${fileId}/findings`
  return `The file was rejected; no price of it is shown.\n${lines.join('\n')}${more}`
}

function counts(file: FileView): string[] {
  const about = [
    file.layout,
    file.template_version && `template ${file.template_version}`,
    file.last_updated_on,
  ]
  const findings = file.findings.map(
    ({ rule, severity, count }) => `    ${severity} ${rule}: ${grouped(count)}`,
  )
  const [shown, hidden] = [findings.slice(0, 10), findings.length - 10]
  return [
    `  ${file.hospital_name ?? 'hospital not named'} (${about.filter(Boolean).join(', ')})`,
    `  ${grouped(file.rows_seen)} rows = ${grouped(file.rows_loaded)} loaded + ${grouped(file.rows_rejected)} rejected`,
    `  ${grouped(file.items_count)} items, ${grouped(file.charges_count)} charges, ${grouped(file.rates_count)} rates`,
    ...(findings.length > 0 ? ['  findings:', ...shown] : ['  no findings']),
    ...(hidden > 0 ? [`    and ${hidden} more rules`] : []),
  ]
}

/** Over REST when a code of the file can be learnt, over GraphQL in any case. */
async function firstQuery(gateway: Gateway, fileId: number, setKey: string): Promise<string[]> {
  const code = await someCode(gateway, fileId)
  const bearer = '-H "Authorization: Bearer $KEY"'
  if (code) {
    const query = new URLSearchParams({ code: code.code, code_type: code.code_type, limit: '5' })
    return [
      `What does ${code.code_type} ${code.code} cost?`,
      '',
      `  ${setKey}`,
      `  curl -s ${bearer} '${gateway.url}/v1/core/prices?${query}'`,
    ]
  }
  const query = `{ rates(where: {file_id: {_eq: ${fileId}}}, limit: 5) { negotiated_dollar payer { name } plan { name } } }`
  const json = JSON.stringify({ query })
  return [
    'Its first prices:',
    '',
    `  ${setKey}`,
    `  curl -s ${bearer} -H 'content-type: application/json' -d '${json}' ${gateway.url}/v1/links/graphql`,
  ]
}

type Code = { code: string; code_type: string }

async function someCode(gateway: Gateway, fileId: number): Promise<Code | undefined> {
  const query = `{ item_codes(where: {file_id: {_eq: ${fileId}}, code_type: {_in: ["CPT", "HCPCS", "MS-DRG", "NDC"]}}, limit: 1) { code code_type } }`
  const answer = await gateway
    .call<{ data?: { item_codes?: Code[] } }>('POST', '/v1/links/graphql', { query })
    .catch(() => undefined)
  return answer?.data?.item_codes?.[0]
}
