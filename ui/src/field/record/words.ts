// A record's values in words, for screens that show what they hold without being a form.
import type { FieldSpec } from '@shared/types/FieldSpec'
import { positionWords } from '@shared/map/typed'
import { FIELDS } from '@shared/types/fields'
import { i18n } from '../state/app'
import { categoryName, codeName, severityName } from '../state/lists'
import { moment } from '../state/time'
import type { Values } from './forms'

/** One value, named and worded. */
export interface ShownField {
  name: string
  label: string
  text: string
}

/** One value in words; null for what says nothing to a person: references, nothing at all. */
export function valueWords(spec: FieldSpec, value: unknown): string | null {
  const { t } = i18n.global
  if (value === null || value === undefined || value === '') return null
  if (spec.name === 'severity') return severityName(Number(value))
  switch (spec.type) {
    case 'code':
      return codeName(spec.list, String(value))
    case 'codes':
      return Array.isArray(value) ? value.map((code) => codeName(spec.list, String(code))).join(t('field.comma')) : null
    case 'names':
      return Array.isArray(value) ? value.join(t('field.comma')) : null
    case 'parties':
      return Array.isArray(value) ? value.map((party: { name: string }) => party.name).join(t('field.comma')) : null
    case 'category':
      return categoryName(String(value))
    case 'bool':
      return value === true ? t('common.yes') : t('common.no')
    case 'past_moment':
    case 'moment':
      return moment(Number(value))
    case 'position':
      return positionWords(value)
    case 'text':
    case 'lines':
    case 'name':
    case 'int':
    case 'past_date':
    case 'date':
    case 'yuan':
    case 'phone':
    case 'document_number':
      return String(value)
    default:
      return null
  }
}

/** The values that say something to a person: no references, nothing empty. */
export function shownFields(kind: string, values: Values): ShownField[] {
  const { t } = i18n.global
  return (FIELDS[kind] ?? []).flatMap((spec) => {
    const text = valueWords(spec, values[spec.name])
    if (!text || spec.name === 'list_version') return []
    return [{ name: spec.name, label: t(`common.field.${kind}.${spec.name}`), text }]
  })
}
