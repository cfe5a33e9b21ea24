// What a reviewer has to look at in a record, and what may stay folded.
import type { DeskRecord } from '@shared/types/DeskRecord'
import type { FieldChange } from '@shared/types/FieldChange'
import type { HistoryEntry } from '@shared/types/HistoryEntry'
import { isEmpty, isShown, orderOf, type Reading } from './values'

/** The fields that changed, in the order of the forms. Of a new record: all that are filled. */
export function changedFields(page: Pick<DeskRecord, 'record' | 'changes' | 'is_new'>): FieldChange[] {
  const { kind } = page.record
  return page.changes
    .filter((change) => isShown(kind, change.field))
    .filter((change) => !isEmpty(change.after) || !isEmpty(change.before))
    .sort((a, b) => orderOf(kind, a.field) - orderOf(kind, b.field))
}

/** The filled fields that did not change. */
export function unchangedFields(page: Pick<DeskRecord, 'record' | 'changes'>): { field: string; value: unknown }[] {
  const { kind, fields } = page.record
  const changed = new Set(page.changes.map((change) => change.field))
  return Object.entries(fields)
    .filter(([field, value]) => !changed.has(field) && isShown(kind, field) && !isEmpty(value))
    .sort(([a], [b]) => orderOf(kind, a) - orderOf(kind, b))
    .map(([field, value]) => ({ field, value }))
}

/** The name of whoever made a record: the writer of its first entry. */
export function authorOf(history: readonly HistoryEntry[]): string | null {
  const written = history.filter((entry) => entry.verdict === null)
  return written.reduce<HistoryEntry | null>((first, entry) => (first && first.at <= entry.at ? first : entry), null)?.by ?? null
}

/** What a record's own page adds to the reading of values. */
export function readingOf(page: DeskRecord | null, general: Reading): Reading {
  if (!page) return general
  const { checklist } = page.record.fields
  return {
    ...general,
    refs: page.refs,
    people: page.people,
    author: authorOf(page.history),
    checklist: typeof checklist === 'string' ? checklist : null,
  }
}

/** A value that two people wrote without knowing of each other: which one stands and which one was set aside. */
export type Conflict = {
  field: string
  kept: unknown
  lost: unknown
  /** Whose the value is that stands, and when it was written; none: it came with the register. */
  keptBy: string | null
  keptAt: number | null
  /** The lost value stands again. */
  stands: boolean
  /** Names the lost value when whoever is signed in may let it stand again, and it does not stand already. */
  restore: string | null
}

/** The conflicts that an entry of the history tells of. */
export function conflictsOf(entry: HistoryEntry, record: DeskRecord['record']): Conflict[] {
  if (!entry.lost) return []
  return Object.entries(entry.fields)
    .filter(([field]) => isShown(record.kind, field))
    .map(([field, lost]) => {
      const kept = record.fields[field] ?? null
      const told = entry.set_aside?.[field]
      // The server says it: two values that differ may look alike masked.
      const stands = told?.stands ?? false
      return {
        field,
        kept,
        lost,
        keptBy: told?.kept_by ?? null,
        keptAt: told?.kept_at ?? null,
        stands,
        restore: told?.restorable && !stands ? told.stamp : null,
      }
    })
}

/** Remarks without the empty ones, trimmed: what is sent. */
export function filledRemarks(remarks: { readonly [field: string]: string }): { [field: string]: string } {
  const filled = Object.entries(remarks).map(([field, text]) => [field, text.trim()] as const)
  return Object.fromEntries(filled.filter(([, text]) => text !== ''))
}

/** Whether somebody said why a record goes back. */
export function saysWhy(remarks: { readonly [field: string]: string }, note: string): boolean {
  return note.trim() !== '' || Object.keys(filledRemarks(remarks)).length > 0
}
