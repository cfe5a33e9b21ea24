// What can be put right at the desk in a record, as texts in a form: which fields, how they are typed, what changed.
import { FIELDS } from '@shared/types/fields'
import type { FieldSpec } from '@shared/types/FieldSpec'
import { isEmpty, isShown } from './values'

/** An entry of the form: one text, or the chosen codes. */
export type Entry = string | string[]

/** What stands in the form, by field. */
export type Form = { [field: string]: Entry }

/** What somebody has typed and not saved yet, by field, and over what. */
export type Typed = { [field: string]: { entry: Entry; over: Entry } }

type Fields = { readonly [field: string]: unknown }

/** Types that a form takes; what names other records, and what is drawn or answered in the field, is put right there. */
const TYPED = ['text', 'lines', 'name', 'phone', 'document_number', 'int', 'yuan', 'past_date', 'date', 'names', 'code', 'codes', 'category', 'bool']
/** Given by the server, or by who wrote it. */
const GIVEN = ['number', 'by', 'cell', 'deleted', 'list_version']

/** The fields of a kind that can be put right, in the order of the forms. */
export function correctable(kind: string): FieldSpec[] {
  return (FIELDS[kind] ?? []).filter((spec) => TYPED.includes(spec.type) && !GIVEN.includes(spec.name) && isShown(kind, spec.name))
}

/** Stored values as they stand in a form of these fields. */
export function formOf(specs: readonly FieldSpec[], fields: Fields): Form {
  return Object.fromEntries(specs.map((spec) => [spec.name, entryOf(spec, fields[spec.name])]))
}

function entryOf(spec: FieldSpec, value: unknown): Entry {
  if (spec.type === 'codes') return Array.isArray(value) ? value.map(String) : []
  if (isEmpty(value)) return ''
  return spec.type === 'names' && Array.isArray(value) ? value.join('\n') : String(value)
}

/** The value that a field of the form stands for; null empties it. What is no number stays a text, and the server says so. */
export function valueOf(spec: FieldSpec, entry: Entry): unknown {
  if (Array.isArray(entry)) return entry.length === 0 ? null : entry
  const text = entry.trim()
  if (text === '') return null
  if (spec.type === 'int') return /^-?\d+$/.test(text) ? Number(text) : text
  if (spec.type === 'bool') return text === 'true'
  if (spec.type === 'names') return text.split(/\s*\n\s*/)
  return text
}

const words = (entry: Entry | undefined) => String(entry ?? '').trim()

function touched(specs: readonly FieldSpec[], fields: Fields, form: Form): FieldSpec[] {
  const before = formOf(specs, fields)
  return specs.filter((spec) => words(form[spec.name]) !== words(before[spec.name]))
}

/** The fields of the form whose entries differ from what is stored, by more than the blanks around them. */
export function corrected(specs: readonly FieldSpec[], fields: Fields, form: Form): { [field: string]: unknown } {
  return Object.fromEntries(touched(specs, fields, form).map((spec) => [spec.name, valueOf(spec, form[spec.name] ?? '')]))
}

/** The form as it opens: what is stored, and over it what was typed before and not saved. */
export function opened(specs: readonly FieldSpec[], fields: Fields, typed: Typed): Form {
  const form = formOf(specs, fields)
  for (const { name } of specs) form[name] = typed[name]?.entry ?? form[name] ?? ''
  return form
}

/** What is kept of the form until it is saved or given up. What was typed into fields that it does not show now stays as it was. */
export function keptOf(specs: readonly FieldSpec[], fields: Fields, form: Form, typed: Typed): Typed {
  const stored = formOf(specs, fields)
  const kept = { ...typed }
  for (const { name } of specs) delete kept[name]
  for (const { name } of touched(specs, fields, form)) {
    kept[name] = { entry: form[name] ?? '', over: typed[name]?.over ?? stored[name] ?? '' }
  }
  return kept
}

/** The fields of the form into which somebody typed over a value that is another by now. */
export function overtaken(specs: readonly FieldSpec[], fields: Fields, form: Form, typed: Typed): string[] {
  const stored = formOf(specs, fields)
  const names = touched(specs, fields, form).map((spec) => spec.name)
  return names.filter((name) => typed[name] !== undefined && words(typed[name].over) !== words(stored[name]))
}
