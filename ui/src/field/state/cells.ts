// The cells that this phone holds.
import type { CellInfo } from '@shared/types/CellInfo'

/** Where something new can be put: the cells that go on. One that was merged is held for what was written in it. */
export function cellsForNew(cells: readonly CellInfo[]): readonly CellInfo[] {
  const open = cells.filter((cell) => !cell.over)
  return open.length > 0 ? open : cells
}
