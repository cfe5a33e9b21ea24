// A field that was filled in differently in two places: its two values, named and worded.
import type { ConflictLine } from '@shared/types/ConflictLine'
import type { ConflictSide } from '@shared/types/ConflictSide'
import { FIELDS } from '@shared/types/fields'
import { i18n } from '../state/app'
import { moment } from '../state/time'
import { valueWords } from './words'

/** Fields that every kind has; their names are common to all. */
const COMMON = ['cell', 'deleted']

/** One of the two values as it is shown. */
export interface ShownSide {
  /** The value in words; empty when there is none. */
  text: string
  /** Who filled it in, and when. */
  who: string
  /** A number that is shown masked. */
  masked: 'phone' | 'document' | null
}

/** Names what a conflict shows now: what stands, what was set aside, and whether that was restored. */
export function shownAs(line: Pick<ConflictLine, 'id' | 'field' | 'stamp' | 'present' | 'restored'>): string {
  return JSON.stringify([line.id, line.field, line.stamp, line.present.value, line.present.at, line.restored])
}

/** The conflicts that a form offers. Whose a care plan is, its page asks: by that it may be another's, who alone is shown it, and what else stands in the form would be lost. */
export function conflictsInForm(conflicts: readonly ConflictLine[]): ConflictLine[] {
  return conflicts.filter((line) => line.kind !== 'care_plan' || line.field !== 'responsible')
}

/** What a field is called. */
export function fieldLabel(kind: string, field: string): string {
  return i18n.global.t(`common.field.${COMMON.includes(field) ? 'any' : kind}.${field}`)
}

/** Who filled in a value: the worker, a colleague, somebody at the desk. */
export function whoseWords(side: Pick<ConflictSide, 'whose' | 'name'>): string {
  const { t } = i18n.global
  if (side.whose === 'colleague') return side.name ? t('field.conflict.whose.colleague', { name: side.name }) : t('field.conflict.whose.unknown')
  if (side.whose === 'desk') return side.name ? t('field.conflict.whose.desk', { name: side.name }) : t('field.conflict.whose.server')
  return t(`field.conflict.whose.${side.whose}`)
}

/** A value with its writer. */
export function shownSide(line: Pick<ConflictLine, 'kind' | 'field'>, side: ConflictSide): ShownSide {
  const spec = FIELDS[line.kind]?.find((each) => each.name === line.field)
  const masked = spec?.type === 'phone' ? 'phone' : spec?.type === 'document_number' ? 'document' : null
  const text = side.title || (spec ? valueWords(spec, side.value) : null) || ''
  return { text, who: `${whoseWords(side)} · ${moment(side.at)}`, masked: text ? masked : null }
}
