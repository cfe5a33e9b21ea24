// The calls of the page of boundaries.
import type { CellBoundary } from '@shared/types/CellBoundary'
import type { KeptBoundary } from '@shared/types/KeptBoundary'
import { read, write } from '../api/http'

/** The cells of the own scope with their boundaries, by code. */
export const boundaries = () => read<CellBoundary[]>('boundaries')

/** Keeps a cell's boundary; null takes it away. `version` is that of the cell's record as it was read. */
export const putBoundary = (cell: string, version: string, boundary: CellBoundary['boundary']) =>
  write<KeptBoundary>('boundaries', { cell, version, boundary })
