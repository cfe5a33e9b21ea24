// How a stored value is read by people: codes by their names, dates in words, referenced records by their title.
import { positionWords } from '@shared/map/typed'
import type { Code } from '@shared/types/Code'
import type { CodeList } from '@shared/types/CodeList'
import type { FieldSpec } from '@shared/types/FieldSpec'
import type { Lists } from '@shared/types/Lists'
import type { Language } from '@shared/i18n'
import { FIELDS } from '@shared/types/fields'
import { nameOf } from '../parts/names'
import { dateText, momentText } from '../parts/time'
import { itemText, shapedText } from './shaped'

/** All that is needed to read values. */
export type Reading = {
  language: Language
  codes: { [list in CodeList]?: Code[] }
  lists: Lists | null
  refs: { readonly [id: string]: { readonly title: string } }
  /** The name of whoever made the record; the field `by` holds the account, which is always the maker's own. */
  author: string | null
  /** The name of a division or cell. */
  place: (code: string) => string | null
  yes: string
  no: string
  /** Joins the items of a list. */
  comma: string
  /** Accounts by the names shown. */
  people: { readonly [account: string]: string }
  /** Of an inspection: the checklist whose items it answers. */
  checklist: string | null
  /** A text of the language files below `desk.value`. */
  say: (key: string, values?: { [name: string]: string | number }) => string
}

/** Fields that only programs read: they follow from another field that is shown. */
const FOR_PROGRAMS: { readonly [kind: string]: readonly string[] } = {
  person: ['merged_before'],
  household: ['merged_before'],
  dwelling: ['merged_before'],
  visit: ['target_kind'],
  incident: ['list_version'],
  photo: ['subject_kind', 'sha256', 'bytes'],
  inspection: ['subject_kind', 'checklist_version'],
}

/** Whether people see this field. */
export function isShown(kind: string, field: string): boolean {
  return !(FOR_PROGRAMS[kind] ?? []).includes(field)
}

/** What a field holds; none for one that a newer version wrote. */
export function specOf(kind: string, field: string): FieldSpec | undefined {
  return FIELDS[kind]?.find((spec) => spec.name === field)
}

/** The place of a field in the order of the forms; unknown ones come last. */
export function orderOf(kind: string, field: string): number {
  const index = FIELDS[kind]?.findIndex((spec) => spec.name === field) ?? -1
  return index < 0 ? Number.MAX_SAFE_INTEGER : index
}

/** Whether a value says nothing: never filled, or emptied. */
export function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
}

/** A value in words; empty when there is none. What cannot be read is shown as it was stored, never hidden. */
export function valueText(kind: string, field: string, value: unknown, reading: Reading): string {
  if (isEmpty(value)) return ''
  if (kind === 'incident' && field === 'severity') return severityText(value, reading)
  if (kind === 'inspection' && field === 'checklist') return checklistText(value, reading)
  if (kind === 'recheck' && field === 'item') return typeof value === 'string' ? itemText(value, reading) : plain(value)
  const spec = specOf(kind, field)
  switch (spec?.type) {
    case 'code':
      return codeText(reading.codes[spec.list], value, reading)
    case 'codes':
      return items(value).map((item) => codeText(reading.codes[spec.list], item, reading)).join(reading.comma)
    case 'category':
      return categoryText(value, reading)
    case 'bool':
      return value === true ? reading.yes : value === false ? reading.no : plain(value)
    case 'past_date':
    case 'date':
      return (typeof value === 'string' && dateText(value, reading.language)) || plain(value)
    case 'past_moment':
    case 'moment':
      return typeof value === 'number' ? momentText(value, reading.language) : plain(value)
    case 'ref':
      return refText(value, reading)
    case 'refs':
      return items(value).map((item) => refText(item, reading)).join(reading.comma)
    case 'position':
      return positionWords(value) ?? plain(value)
    case 'account':
      return (field === 'by' && reading.author) || (typeof value === 'string' && reading.people[value]) || plain(value)
    case 'names':
      return items(value).map(plain).join(reading.comma)
    case 'yuan':
    case 'parties':
    case 'answers':
    case 'item_words':
    case 'hazards':
      return shapedText(spec.type, value, reading)
    case 'division':
      return (typeof value === 'string' && reading.place(value)) || plain(value)
    default:
      return plain(value)
  }
}

function checklistText(value: unknown, reading: Reading): string {
  const found = reading.lists?.checklists.find((one) => one.code === value)
  return found ? (reading.language === 'zh' ? found.title_zh : found.title_en) : plain(value)
}

function items(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}

/** A value as it was stored. */
export function plain(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value)
}

function codeText(list: Code[] | undefined, value: unknown, reading: Reading): string {
  const entry = list?.find((one) => one.code === value)
  return entry ? nameOf(entry, reading) : plain(value)
}

function categoryText(value: unknown, reading: Reading): string {
  const all = reading.lists?.categories ?? []
  const category = all.find((one) => one.code === value)
  if (!category) return plain(value)
  const group = all.find((one) => one.code === category.parent)
  return group ? `${nameOf(group, reading)} / ${nameOf(category, reading)}` : nameOf(category, reading)
}

/** How urgent something is, by the county's name for it. */
export function severityText(value: unknown, reading: Reading): string {
  const severity = reading.lists?.severities.find((one) => one.level === value)
  return severity ? `${severity.level} · ${nameOf(severity, reading)}` : plain(value)
}

function refText(value: unknown, reading: Reading): string {
  return (typeof value === 'string' && reading.refs[value]?.title) || plain(value)
}
