// A boundary in the making, and how it is closed.
import { rounded } from '@shared/map/features'
import type { LatLng } from '@shared/map/gcj02'
import type { Shape } from './file'

/** What is being made: corners set one by one, or a shape from a file, to be looked at before it is saved. */
export interface Drawing {
  mode: 'none' | 'draw' | 'file'
  corners: readonly LatLng[]
  shape: Shape | null
}

/** The polygon that corners enclose. */
export function closed(corners: readonly LatLng[]): Shape {
  const ring = corners.map(({ lat, lng }) => [rounded(lng), rounded(lat)])
  return { type: 'Polygon', coordinates: [[...ring, ...ring.slice(0, 1)]] }
}
