// The code lists that forms offer and screens name values by, read once after unlocking.
import { shallowRef } from 'vue'
import { call } from '@shared/bridge'
import type { AllLists } from '@shared/types/AllLists'
import type { Category } from '@shared/types/Category'
import type { Checklist } from '@shared/types/Checklist'
import type { Code } from '@shared/types/Code'
import type { CodeList } from '@shared/types/CodeList'
import { appState } from './app'

const lists = shallowRef<AllLists | null>(null)

/** Reads the lists from the device; again when the county edited them. */
export async function readLists(): Promise<void> {
  lists.value = await call('lists', {})
}

/** The entries of a list, in the order to show them. */
export function codesOf(list: CodeList): readonly Code[] {
  return lists.value?.codes[list] ?? []
}

/** The entry's or category's name in the language of the screen. */
export function nameOf(entry: { name_zh: string; name_en: string }): string {
  if (appState.preferences.language === 'zh') return entry.name_zh
  return entry.name_en.charAt(0).toUpperCase() + entry.name_en.slice(1)
}

/** What a stored code is called; a code that no list knows any more is shown as it is. */
export function codeName(list: CodeList, code: string | null | undefined): string {
  if (!code) return ''
  const entry = codesOf(list).find((each) => each.code === code)
  return entry ? nameOf(entry) : code
}

/** What an incident category is called, retired ones included. */
export function categoryName(code: string): string {
  const entry = lists.value?.lists.categories.find((category) => category.code === code)
  return entry ? nameOf(entry) : code
}

/** The checklists of inspections. */
export function checklists(): readonly Checklist[] {
  return lists.value?.lists.checklists ?? []
}

/** The severities, most urgent first. */
export function severities(): AllLists['lists']['severities'] {
  return lists.value?.lists.severities ?? []
}

/** What a severity is called. */
export function severityName(level: number): string {
  const entry = severities().find((severity) => severity.level === level)
  return entry ? nameOf(entry) : String(level)
}

/** The categories that can be chosen, under their groups. */
export function categories(): { group: Category; leaves: Category[] }[] {
  const all = lists.value?.lists.categories.filter((category) => !category.retired) ?? []
  const groups = all.filter((category) => category.parent === '')
  return groups.map((group) => ({ group, leaves: all.filter((category) => category.parent === group.code) }))
}
