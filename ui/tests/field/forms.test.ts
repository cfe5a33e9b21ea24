// What a form sends: only what changed, and in the form it is stored in.
import { expect, test } from 'vitest'
import { namesSomebody } from '@field/dispute/parties'
import { changedFields, closedFields, formFields, heldFields, isoDate, keptBefore, keptForm, savedWords, seenUnder, standing } from '@field/record/forms'
import { FIELDS } from '@shared/types/fields'

test('only what differs is sent, trimmed, and an emptied field as null', () => {
  const stored = { name: '单文', phone: '13812345678', sex: null }
  expect(changedFields(stored, { name: ' 单文 ', phone: '', sex: '' })).toEqual({ phone: null })
  expect(changedFields(stored, { name: '单文', phone: '13912345678', sex: '1' })).toEqual({ phone: '13912345678', sex: '1' })
})

test('a refused new record is made again under its own id, with what was emptied emptied', () => {
  const refused = { name: '单文', phone: '1381234567', sex: '1' }
  const base = standing(null, refused)
  const changed = changedFields(base, { ...refused, phone: '', sex: '2' })
  expect(savedWords('person', 'id-1', null, changed, {})).toEqual({ kind: 'person', id: 'id-1', cell: null, fields: { phone: null, sex: '2' }, seen: {} })
  expect(savedWords('person', undefined, null, changed, null).id).toBeNull()
  expect(standing({ name: '单武' }, refused)).toEqual({ name: '单武' })
})

test('a form that is opened again says under its own words what was there when they were typed', () => {
  const kept = keptForm({ phone: '1', note: 'x' }, { name: 'a1', phone: 'a1' })
  expect(kept).toEqual({ phone: '1', note: 'x', seen: { phone: 'a1' } })
  // A colleague has written a telephone number and a note meanwhile, and another name, which the form shows now.
  expect(seenUnder(keptBefore(kept), { name: 'b2', phone: 'b2', note: 'b2' })).toEqual({ name: 'b2', phone: 'a1' })
  expect(seenUnder(keptBefore(null), { name: 'b2' })).toEqual({ name: 'b2' })
})

test('the draft of an earlier version claims to have seen nothing under its words', () => {
  expect(seenUnder(keptBefore({ phone: '1' }), { name: 'b2', phone: 'b2' })).toEqual({ name: 'b2' })
})

test('nothing, an empty text and an empty list are the same', () => {
  expect(changedFields({}, { note: '  ', purposes: [], way: undefined })).toEqual({})
  expect(changedFields({ purposes: ['care'] }, { purposes: [] })).toEqual({ purposes: null })
})

test('false is a value', () => {
  expect(changedFields({ reply_wanted: true }, { reply_wanted: false })).toEqual({ reply_wanted: false })
})

test('days are taken however they are typed', () => {
  for (const typed of ['19880321', '1988-3-21', '1988.03.21', '1988/3/21', '1988年3月21日']) expect(isoDate(typed)).toBe('1988-03-21')
  for (const other of ['88-3-21', 'yesterday', '']) expect(isoDate(other)).toBe(other)
})

test('what the supervisor remarked on stands on top, also a field that is usually not shown', () => {
  const names = formFields('incident', ['happened_at', 'title']).map((spec) => spec.name)
  expect(names.slice(0, 3)).toEqual(['happened_at', 'title', 'category'])
  expect(new Set(names).size).toBe(names.length)
})

test('of a case file about nobody no words are asked for, and a word that is held all the same is shown and can be emptied', () => {
  const stands = { type: '02', parties: [{ name: '—', side: 'applicant' }], terms: '赔三千元', facts: null }
  const kept = keptBefore({ facts: '墙漏水', claim: '', seen: {} })
  const held = heldFields(stands, {}, kept.words)
  const shown = closedFields(formFields('dispute', ['terms']), held).map((spec) => spec.name)
  for (const name of ['facts', 'terms', 'parties', 'amount', 'number']) expect(shown, name).toContain(name)
  for (const name of ['place', 'claim', 'transferred_to']) expect(shown, name).not.toContain(name)
  expect(changedFields(stands, { ...stands, ...kept.words, facts: '', terms: '' })).toEqual({ terms: null })
})

test('with somebody among the parties of the form the file is about that one', () => {
  const nobody = { name: '—', side: 'applicant' }
  expect(namesSomebody([nobody, nobody]) || namesSomebody([]) || namesSomebody(null)).toBe(false)
  expect(namesSomebody([{ ...nobody, phone: null, address: null }])).toBe(false)
  for (const somebody of [{ name: '李四' }, { person: 'id-1' }, { phone: '13800000000' }, { address: '2幢' }]) {
    expect(namesSomebody([nobody, { ...nobody, ...somebody }]), JSON.stringify(somebody)).toBe(true)
  }
})

test('every form shows every field that must be filled in by hand', () => {
  const bySystem = ['household', 'dwelling', 'list_version', 'happened_at', 'by']
  for (const kind of ['building', 'dwelling', 'household', 'person', 'incident'] as const) {
    const shown = formFields(kind).map((spec) => spec.name)
    const must = (FIELDS[kind] ?? []).filter((spec) => spec.required && !bySystem.includes(spec.name))
    for (const spec of must) expect(shown, `${kind}.${spec.name}`).toContain(spec.name)
  }
})
