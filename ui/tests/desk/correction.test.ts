// What of a form is sent as a correction.
import { expect, test } from 'vitest'
import { changedValues, correctable } from '@desk/resident/correction'

test('only what differs is sent, and what was emptied is null', () => {
  const stored = { name: '单雄', phone: '13800001111', sex: '1' }
  expect(changedValues(stored, { name: ' 单雄 ', phone: '', sex: '1', birth_date: '' })).toEqual({ phone: null })
  expect(changedValues(stored, { name: '单雄飞', phone: '13800001111', sex: '2', birth_date: '' })).toEqual({ name: '单雄飞', sex: '2' })
})

test('a correction never moves somebody to another household', () => {
  const names = correctable().map((spec) => spec.name)
  expect(names).toContain('document_number')
  for (const other of ['household', 'cell', 'deleted']) expect(names).not.toContain(other)
})
