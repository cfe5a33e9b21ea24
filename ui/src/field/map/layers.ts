// The layers of the worker's map, and where a tap on something leads.
import type { PointFeature } from '@shared/map/features'
import type { LatLng } from '@shared/map/gcj02'

/** What can be shown and hidden. Incidents that have ended are a layer of their own, hidden at first. */
export type Layer = 'building' | 'incident' | 'hazard_point' | 'ended'

/** All of them, in the order of their switches. */
export const LAYERS: readonly Layer[] = ['building', 'incident', 'hazard_point', 'ended']

/** The layer that something belongs to. */
export function layerOf({ kind, open }: Pick<PointFeature['properties'], 'kind' | 'open'>): Layer {
  if (kind === 'incident') return open ? 'incident' : 'ended'
  return kind === 'hazard_point' ? 'hazard_point' : 'building'
}

/** The screen of what was tapped; none for the ground of a cell. */
export function addressOf(kind: string, id: string): string | null {
  switch (kind) {
    case 'building':
      return `/doors/${encodeURIComponent(id)}`
    case 'incident':
      return `/incident/${encodeURIComponent(id)}`
    case 'hazard_point':
      return `/hazard-point/${encodeURIComponent(id)}`
    default:
      return null
  }
}

/** Where something stands. */
export function positionOf(place: PointFeature): LatLng {
  const [lng = 0, lat = 0] = place.geometry.coordinates
  return { lat, lng }
}
