// The random sample before many records pass at once.
import { expect, test } from 'vitest'
import { sample } from '@desk/inbox/sample'

/** Numbers that look random and are the same in every run. */
function chance(seed: number): () => number {
  let state = seed
  return () => (state = (state * 16807) % 2147483647) / 2147483647
}

test('a sample has as many items as asked for, each once and in order', () => {
  const items = Array.from({ length: 200 }, (_, index) => index)
  for (let seed = 1; seed < 50; seed++) {
    const picked = sample(items, 5, chance(seed))
    expect(picked).toHaveLength(5)
    expect([...new Set(picked)].sort((a, b) => a - b)).toEqual(picked)
  }
})

test('few items are all looked at', () => {
  expect(sample([1, 2, 3], 5, chance(1))).toEqual([1, 2, 3])
  expect(sample([], 5)).toEqual([])
})

test('every item has its chance, the last one as well as the first', () => {
  const counts = new Array<number>(10).fill(0)
  const random = chance(7)
  for (let round = 0; round < 2_000; round++) for (const item of sample([...counts.keys()], 3, random)) counts[item]! += 1
  for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(100)
})
