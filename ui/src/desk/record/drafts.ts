// Remarks that were typed but not sent yet, per record: they outlive moving to another row and an ended session.
// In memory only: nothing about residents is written to the browser's storage.
import { reactive } from 'vue'

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
