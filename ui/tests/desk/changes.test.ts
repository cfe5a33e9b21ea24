// What a reviewer is shown of a record, and what goes back with a return.
import { expect, test } from 'vitest'
import { authorOf, changedFields, conflictsOf, filledRemarks, saysWhy, unchangedFields } from '@desk/record/changes'

const record = {
  id: 'somebody',
  kind: 'person',
  cell: '610722001001001',
  fields: { name: '单文', phone: '13812345678', consent: null, sex: '1', zebra: 'striped' },
  stamp: '0',
}

test('changes stand in the order of the form, without those that say nothing', () => {
  const page = {
    record,
    is_new: false,
    changes: [
      { field: 'zebra', before: null, after: 'striped' },
      { field: 'consent', before: null, after: null },
      { field: 'phone', before: '1', after: '2' },
      { field: 'name', before: '单', after: '单文' },
    ],
  }
  expect(changedFields(page).map((change) => change.field)).toEqual(['name', 'phone', 'zebra'])
  expect(unchangedFields(page)).toEqual([{ field: 'sex', value: '1' }])
})

test('an emptied field is a change', () => {
  const page = { record, is_new: false, changes: [{ field: 'phone', before: '13812345678', after: null }] }
  expect(changedFields(page)).toHaveLength(1)
})

test('a value that lost stands beside the one that was kept', () => {
  const entry = { at: 1, by: 'x', device: null, fields: { phone: '13900000000' }, lost: true, verdict: null, level: null, corrected: [], remarks: {}, note: null }
  const known = { field: 'phone', kept: '13812345678', lost: '13900000000', keptBy: null, keptAt: null, stands: false, restore: null }
  expect(conflictsOf(entry, record)).toEqual([known])
  const told = { stamp: 'the-lost-one', kept_by: '李四', kept_at: 5, stands: false, restorable: true }
  expect(conflictsOf({ ...entry, set_aside: { phone: told } }, record)).toEqual([{ ...known, keptBy: '李四', keptAt: 5, restore: 'the-lost-one' }])
  expect(conflictsOf({ ...entry, lost: false }, record)).toEqual([])
})

test('a value that stands already, and one that somebody else must decide, are not offered', () => {
  const entry = { at: 1, by: 'x', device: null, fields: { phone: '13900000000' }, lost: true, verdict: null, level: null, corrected: [], remarks: {}, note: null }
  const told = { stamp: 'the-lost-one', kept_by: null, kept_at: 5, stands: true, restorable: true }
  const again = { ...record, fields: { ...record.fields, phone: '13900000000' } }
  expect(conflictsOf({ ...entry, set_aside: { phone: told } }, again)[0]).toMatchObject({ stands: true, restore: null })
  expect(conflictsOf({ ...entry, set_aside: { phone: { ...told, stands: false, restorable: false } } }, record)[0]?.restore).toBeNull()
})

test('two values that look alike masked are told apart by the server, and the one that lost can stand again', () => {
  const told = { stamp: 'the-lost-one', kept_by: null, kept_at: 5, stands: false, restorable: true }
  const alike = { ...record, fields: { name: '张*' } }
  const entry = { at: 1, by: 'x', device: null, fields: { name: '张*' }, lost: true, set_aside: { name: told }, verdict: null, level: null, corrected: [], remarks: {}, note: null }
  expect(conflictsOf(entry, alike)[0]).toMatchObject({ stands: false, restore: 'the-lost-one' })
})

test('whoever wrote the first entry made the record, reviews aside', () => {
  const entry = (at: number, by: string, verdict: string | null) => ({ at, by, device: null, fields: {}, lost: false, verdict, level: null, corrected: [], remarks: {}, note: null })
  expect(authorOf([entry(3, 'second', null), entry(1, 'reviewer', 'approved'), entry(2, 'first', null)])).toBe('first')
  expect(authorOf([])).toBeNull()
})

test('blank remarks are not sent, and a return needs a reason', () => {
  expect(filledRemarks({ title: '  写清楚 ', text: '  ' })).toEqual({ title: '写清楚' })
  expect(saysWhy({ title: ' ' }, ' \n')).toBe(false)
  expect(saysWhy({}, '请重拍')).toBe(true)
  expect(saysWhy({ title: '写清楚' }, '')).toBe(true)
})
