// A file that somebody hands in as a boundary: found in it, brought to WGS-84, and no more precise than a hand's breadth. Whether it is
// a boundary at all (closed, not crossing itself, in China) is judged by the server.
import { rounded } from '@shared/map/features'
import { fromGcj02 } from '@shared/map/gcj02'

/** A GeoJSON geometry that may be a boundary. */
export interface Shape {
  type: 'Polygon' | 'MultiPolygon'
  coordinates: unknown
}

/** Why a file gave no boundary: keys of sentences. */
export type NoShape = 'too_large' | 'not_json' | 'no_polygon' | 'several' | 'other_crs'

/** A boundary has at most 1,000 corners: a file ten times as large as that needs is something else. */
export const FILE_BYTES_MAX = 2 * 1024 * 1024

type Plain = { [name: string]: unknown }
const plain = (value: unknown): Plain | null => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Plain) : null)

function isShape(value: unknown): value is Shape {
  const geometry = plain(value)
  return (geometry?.type === 'Polygon' || geometry?.type === 'MultiPolygon') && Array.isArray(geometry.coordinates)
}

/** The boundary of `cell` in the text of a file: the only polygon there is, or the one that names the cell's code. */
export function shapeIn(text: string, cell: string, gcj02: boolean): Shape | NoShape {
  if (text.length > FILE_BYTES_MAX) return 'too_large'
  let root: Plain | null
  try {
    root = plain(JSON.parse(text))
  } catch {
    return 'not_json'
  }
  if (!root) return 'not_json'
  if (root.crs !== undefined && !/CRS84|EPSG:+4326/i.test(JSON.stringify(root.crs))) return 'other_crs'
  const features = root.type === 'FeatureCollection' && Array.isArray(root.features) ? root.features : [root]
  const found = features.flatMap((each) => {
    const feature = plain(each)
    const geometry = feature?.type === 'Feature' ? feature.geometry : each
    return isShape(geometry) ? [{ geometry, named: Object.values(plain(feature?.properties) ?? {}).some((value) => String(value) === cell) }] : []
  })
  const mine = found.filter(({ named }) => named)
  const [one, ...others] = mine.length > 0 ? mine : found
  if (!one) return 'no_polygon'
  if (others.length > 0) return 'several'
  return { type: one.geometry.type, coordinates: converted(one.geometry.coordinates, gcj02) }
}

/** Every corner in WGS-84 with six decimals; what is no corner stays as it is, for the server to name. */
function converted(value: unknown, gcj02: boolean): unknown {
  if (!Array.isArray(value)) return value
  const [lng, lat] = value as unknown[]
  if (typeof lng !== 'number' || typeof lat !== 'number') return value.map((inner) => converted(inner, gcj02))
  const at = gcj02 ? fromGcj02({ lat, lng }) : { lat, lng }
  return [rounded(at.lng), rounded(at.lat)]
}
