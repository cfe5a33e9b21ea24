// Which fields a worker fills in, in which order; what they hold comes from the generated field table.
import type { FieldSpec } from '@shared/types/FieldSpec'
import { DISPUTE_WORDS, FIELDS } from '@shared/types/fields'

/** The kinds that have a form of their own. Visits are append-only and have their own screen. */
export type FormKind =
  | 'building'
  | 'dwelling'
  | 'household'
  | 'person'
  | 'incident'
  | 'tenancy'
  | 'premises'
  | 'care_plan'
  | 'dispute'
  | 'hazard_point'
  | 'threatened_household'

const SHOWN: Record<FormKind, readonly string[]> = {
  building: ['name', 'building_kind', 'street', 'units', 'floors', 'position'],
  dwelling: ['building', 'unit', 'floor', 'room', 'street', 'group', 'house_number', 'use'],
  household: ['head', 'contact_phone', 'best_time', 'access_note'],
  person: [
    'name',
    'phone',
    'sex',
    'birth_date',
    'relation',
    'residence',
    'document_kind',
    'document_number',
    'consent',
    'moved_in_on',
    'moved_out_on',
    'moved_to',
    'died_on',
  ],
  incident: [
    'category',
    'severity',
    'title',
    'text',
    'place',
    'position',
    'source',
    'contact_name',
    'contact_phone',
    'reply_wanted',
    'on_behalf',
    'materials',
  ],
  tenancy: ['landlord_name', 'landlord_phone', 'tenants', 'starts_on', 'ends_on', 'safety_checked_on'],
  premises: ['name', 'premises_kind', 'area_m2', 'contact_name', 'contact_phone', 'sleeps_in', 'gas', 'closed_on'],
  care_plan: ['reason', 'level', 'consent', 'starts_on', 'ends_on', 'helper_name', 'helper_phone'],
  dispute: ['type', 'source', 'accepted_on', 'parties', 'place', 'facts', 'claim', 'amount', 'mediators', 'number', 'transferred_to', 'confirmed'],
  hazard_point: ['name', 'hazard_kind', 'place', 'position', 'monitor_name', 'monitor_phone', 'signal', 'route', 'shelter', 'retired_on'],
  threatened_household: ['needs_help', 'help_note', 'contact_name', 'contact_phone', 'card_issued_on'],
}

/** What a new record usually says: nobody types it, and everybody can change it. */
export function usualValues(kind: string, today: string): Values {
  if (kind === 'care_plan') return { starts_on: today }
  return kind === 'dispute' ? { source: 'applied', accepted_on: today } : {}
}

/** Whether a kind has a form. */
export function isFormKind(kind: string): kind is FormKind {
  return kind in SHOWN
}

/** The fields of a form. Those that the supervisor remarked on come first, also when they are usually not shown. */
export function formFields(kind: FormKind, remarked: readonly string[] = []): FieldSpec[] {
  const table = FIELDS[kind] ?? []
  const order = [...remarked, ...SHOWN[kind].filter((name) => !remarked.includes(name))]
  return order.flatMap((name) => table.filter((spec) => spec.name === name))
}

/** Values by field name, as they stand in a form. */
export type Values = Record<string, unknown>

/** Nothing is nothing, however a form spells it. */
export function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.trim() === '' ? null : value.trim()
  if (Array.isArray(value)) return value.length === 0 ? null : value
  return value ?? null
}

/** The fields whose values differ from what is stored. */
export function changedFields(stored: Values, now: Values): Values {
  const changed: Values = {}
  for (const [name, value] of Object.entries(now)) {
    if (JSON.stringify(plain(value)) !== JSON.stringify(plain(stored[name]))) changed[name] = plain(value)
  }
  return changed
}

/** The fields that hold something in any of these values. */
export function heldFields(...each: readonly Values[]): string[] {
  return [...new Set(each.flatMap((values) => Object.keys(values).filter((name) => plain(values[name]) !== null)))]
}

/**
 * The fields of the form of a case file that is about nobody: nothing is typed into its words any more. One that holds something all the
 * same is shown: nobody is to send what they do not see, and it can be emptied.
 */
export function closedFields(specs: readonly FieldSpec[], held: readonly string[]): FieldSpec[] {
  return specs.filter(({ name }) => !DISPUTE_WORDS.includes(name) || held.includes(name))
}

/** What a form begins from: what stands; of a new record that was refused its own words, on top of which the phone makes it anew. */
export function standing(record: Values | null, refused: Values): Values {
  return { ...(record ?? refused) }
}

/** Which values the form shows, by field, as the phone named them; a field that it does not name was empty. */
export type Seen = Readonly<Record<string, string>>

/** What an unfinished form keeps: the words that differ from what it showed, and which value each of them was typed over. */
export interface KeptForm {
  words: Values
  seen: Seen
}

/** The draft of a form that showed `seen`: the words by field, where an erasure looks for them, and beside them what they were typed over. */
export function keptForm(changed: Values, seen: Seen): Values {
  return { ...changed, seen: Object.fromEntries(Object.entries(seen).filter(([name]) => name in changed)) }
}

/** What an unfinished form was left with. Earlier versions kept the words alone: what their form showed nobody knows any more. */
export function keptBefore(draft: Values | null): KeptForm {
  const { seen, ...words } = draft ?? {}
  return { words, seen: (seen ?? {}) as Seen }
}

/** What a form shows that goes on from kept words: the present values, but under those words what was there when they were typed. */
export function seenUnder(kept: KeptForm, present: Seen): Seen {
  return { ...Object.fromEntries(Object.entries(present).filter(([name]) => !(name in kept.words))), ...kept.seen }
}

/** What a save sends. A refused new record keeps its id: what belongs to it and was refused with it names that one. */
export function savedWords(
  kind: string,
  id: string | undefined,
  cell: string | null,
  changed: Values,
  seen: Seen | null,
): { kind: string; id: string | null; cell: string | null; fields: Values; seen: Seen | null } {
  return { kind, id: id ?? null, cell, fields: changed, seen: id ? seen : null }
}

/** An amount as people type it (1,200, 1200.5) in the form it is stored in; anything else stays as it is. */
export function yuan(text: string): string {
  const plainText = text.replace(/[,\uff0c\s\u00a5\uffe5\u5143]/g, '')
  const match = /^(\d+)(?:\.(\d{0,2}))?$/.exec(plainText)
  return match ? `${(match[1] as string).replace(/^0+(?=\d)/, '')}.${(match[2] ?? '').padEnd(2, '0')}` : text
}

/** A day as people type it (19880321, 1988.3.21, 1988/03/21) in the form it is stored in; anything else stays as it is. */
export function isoDate(text: string): string {
  const match = /^\s*(\d{4})[-./\u5e74]?(\d{1,2})[-./\u6708]?(\d{1,2})\u65e5?\s*$/.exec(text)
  if (!match) return text
  const [, year, month, day] = match as unknown as [string, string, string, string]
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
}

/** A text for one line: what was pasted over several lines stands apart by a blank. */
export function oneLine(text: string): string {
  return text.replace(/[\t ]*[\r\n\v\f\u0085\u2028\u2029]+[\t ]*/g, ' ')
}
