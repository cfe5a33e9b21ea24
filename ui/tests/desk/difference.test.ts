// What differs between two texts.
import { expect, test } from 'vitest'
import { difference } from '@desk/record/difference'

test('a corrected digit is the only thing that stands out', () => {
  expect(difference('13812345675', '13812345678')).toEqual({
    before: { start: '1381234567', middle: '5', end: '' },
    after: { start: '1381234567', middle: '8', end: '' },
  })
})

test('words that were put in between leave both ends alone', () => {
  const { before, after } = difference('门铃坏了请敲门', '门铃坏了，请大声敲门')
  expect(before).toEqual({ start: '门铃坏了', middle: '请', end: '敲门' })
  expect(after).toEqual({ start: '门铃坏了', middle: '，请大声', end: '敲门' })
})

test('a repeated character is not counted at both ends', () => {
  const { before, after } = difference('1111', '11111')
  expect(before.start + before.middle + before.end).toBe('1111')
  expect(after).toEqual({ start: '1111', middle: '1', end: '' })
})

test('texts that have little in common count as different from end to end', () => {
  expect(difference('院里有狗，先打电话', '门铃坏了，请敲门').after).toEqual({ start: '', middle: '门铃坏了，请敲门', end: '' })
})

test('a rare character of two code units is never cut in half', () => {
  const { before, after } = difference('𠀀村三组', '𠀁村三组')
  expect([before.middle, after.middle]).toEqual(['𠀀', '𠀁'])
})
