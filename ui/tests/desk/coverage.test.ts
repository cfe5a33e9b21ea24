// The coverage map's fields: shapes of all cells within a place, and no share of a handful of doors.
import { expect, test } from 'vitest'
import type { CellBoundary } from '@shared/types/CellBoundary'
import type { PlaceCoverage } from '@shared/types/PlaceCoverage'
import { fieldsOf } from '@desk/coverage/fields'

const ring = (x: number) => [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 0]]]
const cell = (code: string, boundary: CellBoundary['boundary']): CellBoundary => ({ cell: code, name: code, record: code, version: '', boundary })
const place = (code: string, households: number, unmet: number) => ({ place: code, name: code, households, unmet: [unmet, unmet, unmet, 0] }) as unknown as PlaceCoverage

test('a place has the shapes of its cells and of no other', () => {
  const cells = [
    cell('610722001001001', { type: 'Polygon', coordinates: ring(0) }),
    cell('610722001001002', { type: 'MultiPolygon', coordinates: [ring(2), ring(4)] }),
    cell('610722001002001', { type: 'Polygon', coordinates: ring(9) }),
  ]
  const [field] = fieldsOf([place('610722001001', 200, 50)], cells, 2)
  expect(field?.boundary).toEqual({ type: 'MultiPolygon', coordinates: [ring(0), ring(2), ring(4)] })
  expect(field?.value).toBe(25)
})

test('a place without a drawn cell is in the list only, and a few doors have no share', () => {
  const [undrawn, few] = fieldsOf([place('610722001003', 40, 10), place('610722001004', 9, 9)], [cell('610722001003001', null)], 0)
  expect(undrawn?.boundary).toBeNull()
  expect(undrawn?.value).toBe(25)
  expect(few?.value).toBeNull()
})
