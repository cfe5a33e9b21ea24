// The calls of the audit log.
import type { DeskAudit } from '@shared/types/DeskAudit'
import { read, readFile } from '../api/http'

/** Which entries. */
export type AuditFilter = { who: string; action: string; subject: string; from: number | null; until: number | null }

function words(filter: AuditFilter, more: { [name: string]: string }): URLSearchParams {
  const all = new URLSearchParams(more)
  for (const name of ['who', 'action', 'subject'] as const) if (filter[name].trim()) all.set(name, filter[name].trim())
  for (const name of ['from', 'until'] as const) if (filter[name] !== null) all.set(name, String(filter[name]))
  return all
}

/** A page of the log, the latest first. */
export const audit = (filter: AuditFilter, before: number | null) =>
  read<DeskAudit>(`audit?${words(filter, before === null ? {} : { before: String(before) })}`)
/** The log as a file. */
export const exported = (filter: AuditFilter, form: 'csv' | 'xlsx') => readFile(`audit/export?${words(filter, { form })}`)
