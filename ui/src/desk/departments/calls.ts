// The call of the departments' numbers.
import type { DepartmentRates } from '@shared/types/DepartmentRates'
import { read } from '../api/http'

/** What came of what was given to departments from `from` until before `to`. */
export const departments = (words: { place: string; from: number; to: number }) => {
  const said = new URLSearchParams({ from: String(words.from), to: String(words.to) })
  if (words.place) said.set('place', words.place)
  return read<DepartmentRates[]>(`departments?${said}`)
}
