// The places of a coverage page as fields of a map: their shape from the cells within, their value as a share of households.
import type { CellBoundary } from '@shared/types/CellBoundary'
import type { PlaceCoverage } from '@shared/types/PlaceCoverage'

/** Below so many households a share says more about single doors than about a place: the field stays without a value. */
export const HOUSEHOLDS_MIN = 10

/** A field as the map takes it. */
export type Field = { id: string; name: string; boundary: { type: string; coordinates: unknown } | null; value: number | null }

/** The polygons of a boundary, each as GeoJSON nests them. */
function polygons(boundary: CellBoundary['boundary']): unknown[] {
  if (!boundary) return []
  return boundary.type === 'Polygon' ? [boundary.coordinates] : (boundary.coordinates as unknown[])
}

/** Each place with the shapes of all cells in it, and how many of a hundred of its households nobody met; `bucket` says since when. */
export function fieldsOf(places: readonly PlaceCoverage[], cells: readonly CellBoundary[], bucket: number): Field[] {
  return places.map(({ place, name, households, unmet }) => {
    const shapes = cells.filter(({ cell }) => cell.startsWith(place)).flatMap(({ boundary }) => polygons(boundary))
    const boundary = shapes.length > 0 ? { type: 'MultiPolygon', coordinates: shapes } : null
    const value = households < HOUSEHOLDS_MIN ? null : Math.round((100 * (unmet[bucket] ?? 0)) / households)
    return { id: place, name, boundary, value }
  })
}
