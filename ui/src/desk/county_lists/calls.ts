// The calls for the county's lists.
import type { CountyLists } from '@shared/types/CountyLists'
import type { Lists } from '@shared/types/Lists'
import type { PublishedLists } from '@shared/types/PublishedLists'
import { read, write } from '../api/http'

/** The lists in force, with who published which version. */
export const countyLists = () => read<CountyLists>('county-lists')
/** Publishes lists; their version is the one that was seen. */
export const publish = (lists: Lists) => write<PublishedLists>('county-lists', lists)

/** The lists that can be edited, in the order of their tabs. */
export const TABS = ['categories', 'severities', 'care', 'purposes', 'departments', 'checklists', 'sheets', 'holidays'] as const
/** One of them. */
export type Tab = (typeof TABS)[number]

/** Where a problem lies: the list, and the row in it, counted from 1. */
export function placeOf(field: string): { tab: Tab | null; row: number | null; rest: string } {
  const [list = '', index, ...rest] = field.split('.')
  const tab = TABS.find((one) => one === list) ?? null
  const row = index !== undefined && /^\d+$/.test(index) ? Number(index) + 1 : null
  return { tab, row, rest: (row === null && index ? [index, ...rest] : rest).join('.') }
}
