// What of a resident's record can be put right at the desk, and what of a form differs from what is stored.
import type { FieldSpec } from '@shared/types/FieldSpec'
import { FIELDS } from '@shared/types/fields'

/** The fields that a form offers: words, days, numbers and codes; neither the household nor the cell, which is a move, nor the mark of a deletion. */
export function correctable(): FieldSpec[] {
  const elsewhere = ['deleted', 'cell']
  return (FIELDS.person ?? []).filter((spec) => spec.type !== 'ref' && !elsewhere.includes(spec.name))
}

/** The values that were changed; an emptied one is null. */
export function changedValues(
  stored: { readonly [field: string]: unknown },
  typed: { readonly [field: string]: string },
): { [field: string]: string | null } {
  const changed: { [field: string]: string | null } = {}
  for (const [field, value] of Object.entries(typed)) {
    const now = value.trim()
    const before = typeof stored[field] === 'string' ? stored[field] : ''
    if (now !== before) changed[field] = now === '' ? null : now
  }
  return changed
}
