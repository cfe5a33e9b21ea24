// What a page says of a record's photos, and when it has to be told anew.
import { expect, test } from 'vitest'
import { countOf, samePhotos } from '@desk/record/photos'
import type { DeskPhoto } from '@shared/types/DeskPhoto'

const page = (...arrived: boolean[]) => countOf({ photos: arrived.map((arrived) => ({ arrived }) as DeskPhoto) })

test('a fourth photo on its way is news though the three that were known have arrived', () => {
  expect(samePhotos({ arrived: 3, total: 3 }, { arrived: 3, total: 4 })).toBe(false)
  expect(samePhotos(page(true, true, true), { arrived: 3, total: 4 })).toBe(false)
  expect(samePhotos(page(true, true, true, false), { arrived: 4, total: 4 })).toBe(false)
  expect(samePhotos(page(true, true, true), { arrived: 3, total: 3 })).toBe(true)
})
