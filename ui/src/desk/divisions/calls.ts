// The calls for divisions and cells, and the tree that is made of them.
import type { DeskCell } from '@shared/types/DeskCell'
import type { DeskDivision } from '@shared/types/DeskDivision'
import type { DivisionPast } from '@shared/types/DivisionPast'
import type { MovedRecords } from '@shared/types/MovedRecords'
import { read, write } from '../api/http'

/** The divisions and cells of the own scope. */
export const divisions = () => read<DeskDivision[]>('divisions')
/** What became of one. */
export const past = (code: string) => read<DivisionPast[]>(`divisions/${code}/past`)
/** Makes one. */
export const create = (code: string, name: string) => write<null>('divisions', { code, name })
/** Gives one another name. */
export const rename = (code: string, seen: string, name: string) => write<null>(`divisions/${code}/rename`, { seen, name })
/** Retires one. */
export const retire = (code: string, successor: string | null) =>
  write<null>(`divisions/${code}/retire`, { succeeded_by: successor })
/** How a cell stands. */
export const standing = (code: string) => read<DeskCell>(`cells/${code}`)
/** Gives a cell to others. */
export const handOver = (code: string, seen: string[], to: string[]) => write<null>(`cells/${code}/hand-over`, { seen, to })
/** Merges a cell into another. */
export const merge = (code: string, into: string) => write<MovedRecords>(`cells/${code}/merge`, { into })
/** Moves what came late into a cell after what it belongs to. */
export const moveLate = (code: string) => write<MovedRecords>(`cells/${code}/late`, {})
/** Splits houses and groups off. */
export const split = (
  code: string,
  off: { buildings: string[]; groups: [string, string][]; to: string; name: string | null },
) => write<MovedRecords>(`cells/${code}/split`, off)

/** A division with what lies in it. */
export type DivisionNode = DeskDivision & { label: string; children: DivisionNode[] }

/** The tree of divisions, which come by code: what a code begins with is its parent. */
export function tree(list: readonly DeskDivision[]): DivisionNode[] {
  const roots: DivisionNode[] = []
  const open: DivisionNode[] = []
  for (const division of list) {
    const node: DivisionNode = { ...division, label: division.name, children: [] }
    while (open.length > 0 && !division.code.startsWith(open[open.length - 1]!.code)) open.pop()
    const siblings = open.length > 0 ? open[open.length - 1]!.children : roots
    siblings.push(node)
    open.push(node)
  }
  return roots
}

/** What can be chosen: what goes on. What is over is shown by its name where it stands chosen, as a cell that came along with another. */
export const choosable = (list: readonly DeskDivision[], chosen: readonly string[]) =>
  list.filter((one) => one.retired_at === null || chosen.includes(one.code))

/** The next free number below a division: towns and villages count by one, cells too. */
export function nextCode(parent: string, list: readonly DeskDivision[]): string {
  const digits = 3
  const below = list.filter((one) => one.code.startsWith(parent) && one.code.length === parent.length + digits)
  const last = Math.max(0, ...below.map((one) => Number(one.code.slice(parent.length))))
  return parent + String(last + 1).padStart(digits, '0')
}
