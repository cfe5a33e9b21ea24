// The unfinished form of an inspection, and what it proposes: nothing here asks the device.
import type { Answer } from '@shared/types/Answer'
import type { Checklist } from '@shared/types/Checklist'
import type { ChecklistItem } from '@shared/types/ChecklistItem'
import type { Hazard } from '@shared/types/Hazard'

/** The unfinished form. */
export interface Unfinished {
  answers: Record<string, Answer>
  facts: Record<string, string>
  /** By item: what was changed of the proposal. */
  hazards: Record<string, Hazard>
  /** Keys of kept photos by item; under `''` those of the whole. */
  photos: Record<string, string[]>
  note: string
}

/** An empty form. */
export function emptyForm(): Unfinished {
  return { answers: {}, facts: {}, hazards: {}, photos: {}, note: '' }
}

/** Whether the item is answered by one of three taps. */
export function isTapped(item: ChecklistItem): boolean {
  return item.type === 'ok_bad_na'
}

/** How many items still want an answer. */
export function unanswered(checklist: Checklist, form: Unfinished): number {
  return checklist.items.filter((item) => isTapped(item) && !form.answers[item.id]).length
}

/** The hazard as it is proposed for an item: as urgent as the checklist says, with the day that goes with it. Without words of its own it takes the checklist's. */
export function proposedHazard(item: ChecklistItem, proposedDue: readonly string[]): Hazard {
  const severity = item.severity ?? 3
  return { item: item.id, text: '', severity, due: proposedDue[severity - 1] ?? null }
}

/** The hazard with another urgency: its day moves along unless somebody chose one. */
export function withSeverity(hazard: Hazard, severity: number, proposedDue: readonly string[]): Hazard {
  const own = hazard.due !== (proposedDue[hazard.severity - 1] ?? null)
  return { ...hazard, severity, due: own ? (hazard.due ?? null) : (proposedDue[severity - 1] ?? null) }
}
