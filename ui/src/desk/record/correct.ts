// What can be put right at the desk in a record, as texts in a form: which fields, how they are typed, what changed.
import { FIELDS } from '@shared/types/fields'
import type { FieldSpec } from '@shared/types/FieldSpec'
import { isEmpty, isShown } from './values'

/** What stands in the form, by field: one text, or the chosen codes. */
export type Form = { [field: string]: string | string[] }

/** Types that a form takes; what names other records, and what is drawn or answered in the field, is put right there. */
const TYPED = ['text', 'lines', 'name', 'phone', 'document_number', 'int', 'yuan', 'past_date', 'date', 'names', 'code', 'codes', 'category', 'bool']
/** Given by the server, or by who wrote it. */
const GIVEN = ['number', 'by', 'cell', 'deleted', 'list_version']

/** The fields of a kind that can be put right, in the order of the forms. */
export function correctable(kind: string): FieldSpec[] {
  return (FIELDS[kind] ?? []).filter((spec) => TYPED.includes(spec.type) && !GIVEN.includes(spec.name) && isShown(kind, spec.name))
}

/** Stored values as they stand in the form. */
export function formOf(kind: string, fields: { readonly [field: string]: unknown }): Form {
  return Object.fromEntries(correctable(kind).map((spec) => [spec.name, typed(spec, fields[spec.name])]))
}

function typed(spec: FieldSpec, value: unknown): string | string[] {
  if (spec.type === 'codes') return Array.isArray(value) ? value.map(String) : []
  if (isEmpty(value)) return ''
  return spec.type === 'names' && Array.isArray(value) ? value.join('\n') : String(value)
}

/** The value that a field of the form stands for; null empties it. What is no number stays a text, and the server says so. */
export function valueOf(spec: FieldSpec, entry: string | string[]): unknown {
  if (Array.isArray(entry)) return entry.length === 0 ? null : entry
  const text = entry.trim()
  if (text === '') return null
  if (spec.type === 'int') return /^-?\d+$/.test(text) ? Number(text) : text
  if (spec.type === 'bool') return text === 'true'
  if (spec.type === 'names') return text.split(/\s*\n\s*/)
  return text
}

/** The fields whose entries differ from what is stored, by more than the blanks around them. */
export function corrected(kind: string, fields: { readonly [field: string]: unknown }, form: Form): { [field: string]: unknown } {
  const before = formOf(kind, fields)
  const words = (entry: string | string[] | undefined) => String(entry ?? '').trim()
  const changed = correctable(kind).filter((spec) => words(form[spec.name]) !== words(before[spec.name]))
  return Object.fromEntries(changed.map((spec) => [spec.name, valueOf(spec, form[spec.name] ?? '')]))
}
