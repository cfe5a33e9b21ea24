// A visit that is corrected stays one of its day.
import { expect, test } from 'vitest'
import { correctedFrom } from '@field/visit/correct'

test('a correction begins with all that the visit said, its moment too', () => {
  const visit = { target: 'h', by: 'worker01', result: 'met', way: 'phone', purposes: ['care'], note: 'ill', at: 1_790_000_000_000, care_plan: 'p' }
  expect(correctedFrom(visit)).toEqual({ result: 'met', way: 'phone', purposes: ['care'], needs: null, note: 'ill', at: 1_790_000_000_000 })
})
