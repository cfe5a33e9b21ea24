// What was typed but not sent yet, per record, remarks and corrections: it outlives moving to another row and an ended session.
// In memory only: nothing about residents is written to the browser's storage.
import { reactive } from 'vue'
import type { Typed } from './correct'

/** What somebody is writing about a record. */
export type ReturnDraft = { remarks: { [field: string]: string }; note: string }

const drafts = reactive(new Map<string, ReturnDraft>())

/** The draft of a record; made when first asked for. */
export function returnDraft(id: string): ReturnDraft {
  const there = drafts.get(id)
  if (there) return there
  drafts.set(id, { remarks: {}, note: '' })
  return drafts.get(id) as ReturnDraft
}

/** Whether something is typed for a record. */
export function hasDraft(id: string): boolean {
  const draft = drafts.get(id)
  return draft !== undefined && (draft.note !== '' || Object.values(draft.remarks).some((text) => text !== ''))
}

/** Forgets a draft: it was sent, or given up. */
export function dropDraft(id: string): void {
  drafts.delete(id)
}

/** What somebody is putting right in a record, and why. */
export type CorrectionDraft = { typed: Typed; note: string }

const corrections = reactive(new Map<string, CorrectionDraft>())

/** The correction of a record as far as it was typed; made when first asked for. */
export function correctionDraft(id: string): CorrectionDraft {
  if (!corrections.has(id)) corrections.set(id, { typed: {}, note: '' })
  return corrections.get(id) as CorrectionDraft
}

/** Whether a correction of a record was begun. */
export function hasCorrection(id: string): boolean {
  return Object.keys(corrections.get(id)?.typed ?? {}).length > 0
}

/** Forgets what was saved; what was typed into a field that was masked meanwhile was not, and stays. */
export function savedCorrection(id: string, fields: readonly string[]): void {
  const draft = corrections.get(id)
  if (!draft) return
  for (const field of fields) delete draft.typed[field]
  draft.note = ''
}

/** Forgets a correction: it was given up. */
export function dropCorrection(id: string): void {
  corrections.delete(id)
}
