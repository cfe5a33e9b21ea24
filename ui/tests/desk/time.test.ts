// Ages and dates in both languages.
import { expect, test } from 'vitest'
import { ageText, dateText, momentText } from '@desk/parts/time'

const now = new Date(2026, 10, 22, 12).getTime()
const minutes = (count: number) => now - count * 60_000

test('ages grow from minutes to hours to days to a date', () => {
  expect(ageText(minutes(5), now, 'zh')).toBe('5分钟前')
  expect(ageText(minutes(119), now, 'zh')).toBe('1小时前')
  expect(ageText(minutes(60 * 24 * 3), now, 'en')).toMatch(/^3 days? ago$/)
  expect(ageText(minutes(60 * 24 * 30), now, 'zh')).toBe('10月23日')
  expect(ageText(minutes(60 * 24 * 365), now, 'zh')).toBe('2025年11月22日')
})

test('a phone whose clock runs ahead does not write from the future', () => {
  expect(ageText(now + 90_000, now, 'en')).toBe(ageText(now, now, 'en'))
})

test('what is no day is not made into one', () => {
  expect(dateText('1988-13-41', 'zh')).toBeNull()
  expect(dateText('yesterday', 'en')).toBeNull()
})

test('a moment is told by the county\'s clock, wherever the desk stands', () => {
  expect(momentText(Date.UTC(2026, 10, 22, 21, 11), 'zh')).toBe('2026年11月23日 05:11')
})
