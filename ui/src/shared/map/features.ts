// What a map draws, as GeoJSON in WGS-84, and the small geometry around it.
import type { Feature, FeatureCollection, MultiPolygon, Point, Polygon, Position } from 'geojson'
import type { LatLng } from './gcj02'

/** A field on the map. `fill` is its colour; without one it is drawn as the own ground. */
export type AreaFeature = Feature<Polygon | MultiPolygon, { id: string; name: string; fill?: string }>
/** A point on the map. `kind` decides its shape; `open`: something is to be done there. */
export type PointFeature = Feature<Point, { id: string; kind: string; name: string; open: boolean }>

/** South-west and north-east corner: longitude, latitude. */
export type Bounds = [[number, number], [number, number]]

/** Six decimals are a hand's breadth: more says nothing. */
export const rounded = (degrees: number): number => Math.round(degrees * 1e6) / 1e6

/** Features as a collection. */
export const collection = <F extends Feature>(features: readonly F[]): FeatureCollection => ({ type: 'FeatureCollection', features: [...features] })

/** A point. */
export const pointFeature = (at: LatLng, properties: PointFeature['properties']): PointFeature => ({
  type: 'Feature',
  geometry: { type: 'Point', coordinates: [at.lng, at.lat] },
  properties,
})

/** Every corner of a field. */
export function corners(geometry: Polygon | MultiPolygon): Position[] {
  return geometry.type === 'Polygon' ? geometry.coordinates.flat() : geometry.coordinates.flat(2)
}

/** What holds all of it; null when there is nothing. */
export function boundsOf(areas: readonly AreaFeature[], points: readonly PointFeature[]): Bounds | null {
  const all = [...areas.flatMap((area) => corners(area.geometry)), ...points.map((point) => point.geometry.coordinates)]
  if (all.length === 0) return null
  let [west, south, east, north] = [180, 90, -180, -90]
  for (const [lng = 0, lat = 0] of all) {
    west = Math.min(west, lng)
    east = Math.max(east, lng)
    south = Math.min(south, lat)
    north = Math.max(north, lat)
  }
  return [
    [west, south],
    [east, north],
  ]
}
