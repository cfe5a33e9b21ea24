// The map's small geometry, the ranges that fields are coloured by, and what a file of boundaries holds.
import { expect, test } from 'vitest'
import { type AreaFeature, boundsOf, pointFeature } from '@shared/map/features'
import { classesOf } from '@shared/map/ramp'
import { styleOf } from '@shared/map/style'

const field = (id: string, ring: [number, number][]): AreaFeature => ({ type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] }, properties: { id, name: id } })

test('what is in sight holds every corner and every point', () => {
  const area = field('a', [[107.3, 33.1], [107.4, 33.1], [107.4, 33.2], [107.3, 33.1]])
  const point = pointFeature({ lat: 33.05, lng: 107.35 }, { id: 'p', kind: 'building', name: '', open: false })
  expect(boundsOf([area], [point])).toEqual([[107.3, 33.05], [107.4, 33.2]])
  expect(boundsOf([], [])).toBeNull()
})

test('no name lies over a mark: marks are drawn last and given room first, and no name may overlap', () => {
  const layers = styleOf(false, 1).layers.map((layer) => ({ id: layer.id, layout: ('layout' in layer ? layer.layout : {}) as Record<string, unknown> }))
  const names = layers.filter(({ layout }) => 'text-field' in layout)
  const at = (id: string) => layers.findIndex((layer) => layer.id === id)
  expect(names.map(({ id }) => id)).toEqual(['point-names', 'field-names'])
  for (const { id, layout } of names) {
    expect(at(id)).toBeLessThan(at('points'))
    expect(layout['text-allow-overlap'] ?? false).toBe(false)
    expect(layout['text-ignore-placement'] ?? false).toBe(false)
  }
  expect(layers[at('points')]?.layout).toMatchObject({ 'icon-allow-overlap': true })
  expect(layers[at('points')]?.layout).not.toHaveProperty('icon-ignore-placement')
})

test('ranges hold about the same number of fields each and leave none out', () => {
  const classes = classesOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 100])
  expect(classes.length).toBe(5)
  expect(classes[0]?.from).toBe(1)
  expect(classes.at(-1)?.to).toBe(100)
  for (const [index, { from }] of classes.entries()) if (index > 0) expect(from).toBeGreaterThan(classes[index - 1]!.to)
})

test('fewer values than ranges make as many ranges as values, and none make none', () => {
  expect(classesOf([3, 3, 3])).toEqual([{ from: 3, to: 3 }])
  expect(classesOf([0, 7, 7, 0]).map(({ from, to }) => [from, to])).toEqual([[0, 0], [7, 7]])
  expect(classesOf([])).toEqual([])
})
