// The names of kinds, fields and codes on the screen. What a newer version wrote is called by its stored name.
import type { CodeList } from '@shared/types/CodeList'
import type { Reading } from '../record/values'

type Translate = (key: string) => string
type Exists = (key: string) => boolean

/** Whatever a list has a name for in both languages. */
export type Named = { readonly name_zh: string; readonly name_en: string }

/** A field's name. */
export function fieldName(kind: string, field: string, t: Translate, te: Exists): string {
  for (const key of [`common.field.${kind}.${field}`, `common.field.any.${field}`]) if (te(key)) return t(key)
  return field
}

/** A kind's name. */
export function kindName(kind: string, t: Translate, te: Exists): string {
  const key = `common.kind.${kind}`
  return te(key) ? t(key) : kind
}

/** What an entry of a list is called in the language of the screen. */
export function nameOf(entry: Named, reading: Reading): string {
  return reading.language === 'zh' ? entry.name_zh : entry.name_en
}

/** What a code of a list is called; the code itself when the list does not know it, nothing when there is none. */
export function codeName(list: CodeList, code: string | null, reading: Reading): string {
  const entry = reading.codes[list]?.find((one) => one.code === code)
  return entry ? nameOf(entry, reading) : (code ?? '')
}
