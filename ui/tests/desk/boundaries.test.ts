// Boundaries from files: what is found in them, and what is said of files that have none.
import { expect, test } from 'vitest'
import { toGcj02 } from '@shared/map/gcj02'
import { typedPair } from '@shared/map/typed'
import { FILE_BYTES_MAX, shapeIn } from '@desk/boundaries/file'

const CELL = '610722001001001'
const RING = [[107.33, 33.15], [107.34, 33.15], [107.34, 33.16], [107.33, 33.15]]
const polygon = (ring: number[][] = RING) => ({ type: 'Polygon', coordinates: [ring] })
const feature = (properties: unknown = {}, ring = RING) => ({ type: 'Feature', properties, geometry: polygon(ring) })
const found = (file: unknown, gcj02 = false) => shapeIn(typeof file === 'string' ? file : JSON.stringify(file), CELL, gcj02)

test('a polygon is found bare, in a feature and in a collection of one', () => {
  for (const file of [polygon(), feature(), { type: 'FeatureCollection', features: [feature()] }]) expect(found(file)).toEqual(polygon())
})

test('of several fields the one that names the cell is meant, in whatever property', () => {
  const other = RING.map(([lng, lat]) => [lng! + 1, lat!])
  const features = [feature({ name: 'x' }, other), feature({ GRID_CODE: CELL })]
  expect(found({ type: 'FeatureCollection', features })).toEqual(polygon())
  expect(found({ type: 'FeatureCollection', features: [feature({}, other), feature()] })).toBe('several')
})

test('a file that is something else is named for what it is', () => {
  expect(found('PK\u0003\u0004 a renamed archive')).toBe('not_json')
  expect(found('')).toBe('not_json')
  expect(found('[1,2]')).toBe('not_json')
  expect(found({ type: 'Point', coordinates: [107.3, 33.1] })).toBe('no_polygon')
  expect(found({ type: 'FeatureCollection', features: [] })).toBe('no_polygon')
  expect(found({ type: 'FeatureCollection', features: 'none' })).toBe('no_polygon')
  expect(found({ __proto__: null, type: 'Feature', geometry: null })).toBe('no_polygon')
  expect(found({ ...polygon(), crs: { properties: { name: 'urn:ogc:def:crs:EPSG::4547' } } })).toBe('other_crs')
  expect(found(' '.repeat(FILE_BYTES_MAX + 1))).toBe('too_large')
})

test('a file in the coordinates of a Chinese base map is brought to WGS-84, heights are left out', () => {
  const shifted = RING.map(([lng, lat]) => {
    const at = toGcj02({ lat: lat!, lng: lng! })
    return [at.lng, at.lat, 480]
  })
  expect(found(polygon(shifted), true)).toEqual(polygon())
  const named = { type: 'Feature', properties: {}, geometry: polygon(shifted), crs: { properties: { name: 'urn:ogc:def:crs:OGC:1.3:CRS84' } } }
  expect(found(named)).not.toEqual(polygon())
})

test('what is odd inside stays for the server to name', () => {
  expect(found({ type: 'Polygon', coordinates: [[['a', 'b']], null] })).toEqual({ type: 'Polygon', coordinates: [[['a', 'b']], null] })
})

test('a pair is typed with any comma, latitude first', () => {
  for (const text of ['33.157,107.333', ' 33.157 , 107.333 ', '33.157\uff0c107.333', '33.157 107.333']) expect(typedPair(text)).toEqual({ lat: 33.157, lng: 107.333 })
  for (const text of ['', '33.157', 'north', '33.157,107.333,5', '1e5,3']) expect(typedPair(text)).toBeNull()
})
