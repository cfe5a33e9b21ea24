// Moments and days by the county's clock, whatever the phone is set to.
import { expect, test } from 'vitest'
import { dayNumber, isoDay, momentOf } from '@field/state/days'
import { usualValues } from '@field/record/forms'

/** 2026-11-22 00:30 in China; still the day before in London. */
const NIGHT = Date.parse('2026-11-21T16:30:00Z')

test('an earlier time is a moment of that day in China', () => {
  expect(momentOf(0, '00:05', NIGHT)).toBe(Date.parse('2026-11-21T16:05:00Z'))
  expect(momentOf(1, '10:00', NIGHT)).toBe(Date.parse('2026-11-21T02:00:00Z'))
  expect(dayNumber(NIGHT) - dayNumber(momentOf(2, '23:59', NIGHT) as number)).toBe(2)
})

test('what is no time is no moment', () => {
  for (const odd of ['', '24:00', '10:60', '1000', 'noon', '-1:00']) expect(momentOf(0, odd, NIGHT)).toBeNull()
})

test('a new care plan begins today, in China', () => {
  expect(usualValues('care_plan', isoDay(NIGHT))).toEqual({ starts_on: '2026-11-22' })
  expect(isoDay(NIGHT)).toBe('2026-11-22')
  expect(usualValues('person', isoDay(NIGHT))).toEqual({})
})
