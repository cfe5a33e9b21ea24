// What a supervisor can put right, and what of it is sent.
import { expect, test } from 'vitest'
import { correctable, corrected, formOf, keptOf, opened, overtaken, valueOf } from '@desk/record/correct'
import { correctionDraft, dropCorrection, hasCorrection, savedCorrection } from '@desk/record/drafts'

const names = (kind: string) => correctable(kind).map((spec) => spec.name)
const person = correctable('person')
const spec = (kind: string, name: string) => correctable(kind).find((one) => one.name === name)!

test('what the server gives and what names other records is not typed', () => {
  expect(names('person')).toContain('phone')
  for (const other of ['household', 'cell', 'deleted']) expect(names('person'), 'a correction moves nobody').not.toContain(other)
  expect(names('person'), 'only programs read it').not.toContain('merged_before')
  for (const given of ['number', 'by', 'list_version', 'position', 'cell', 'deleted']) expect(names('incident')).not.toContain(given)
  expect(names('dispute')).toEqual(expect.arrayContaining(['mediators', 'amount', 'terms']))
  expect(names('of_a_newer_version')).toEqual([])
})

test('an untouched form changes nothing, and only what was touched is sent', () => {
  const fields = { name: '单雄', phone: '13800001111', birth_date: '1958-03-07', consent: null }
  const form = formOf(person, fields)
  expect(corrected(person, fields, form)).toEqual({})
  form.name = ' 单雄 '
  expect(corrected(person, fields, form)).toEqual({})
  form.phone = ' 13911112222 '
  form.birth_date = ''
  expect(corrected(person, fields, form)).toEqual({ phone: '13911112222', birth_date: null })
})

const full = { name: '张伟', phone: '13800001111', moved_to: '茶厂' }
const masked = { name: '张*', phone: '138****1111', moved_to: '茶厂' }
/** What a form on the masked page offers. */
const unmasked = person.filter((one) => !['name', 'phone'].includes(one.name))

test('a form that was opened on the masked page sends nothing of what was masked when the full page arrives', () => {
  const form = { ...formOf(person, masked), moved_to: '茶场' }
  expect(corrected(unmasked, full, form)).toEqual({ moved_to: '茶场' })
  // The form is made anew on the full page, and goes on where it was.
  const typed = keptOf(unmasked, masked, form, {})
  const anew = opened(person, full, typed)
  expect(anew).toMatchObject({ name: '张伟', moved_to: '茶场' })
  expect(corrected(person, full, anew)).toEqual({ moved_to: '茶场' })
})

test('what was typed in full is kept while the page is masked again, and is not sent from there', () => {
  const typed = keptOf(person, full, { ...formOf(person, full), name: '张卫' }, {})
  const form = opened(unmasked, masked, typed)
  expect(corrected(unmasked, masked, form)).toEqual({})
  expect(keptOf(unmasked, masked, form, typed)).toEqual(typed)
  expect(opened(person, full, typed).name).toBe('张卫')
})

test('what was typed over a value that somebody changed meanwhile stays, and says so', () => {
  const typed = keptOf(person, full, { ...formOf(person, full), moved_to: '茶场' }, {})
  const now = { ...full, moved_to: '小学' }
  const form = opened(person, now, typed)
  expect(form.moved_to).toBe('茶场')
  expect(overtaken(person, full, form, typed)).toEqual([])
  expect(overtaken(person, now, form, typed)).toEqual(['moved_to'])
  // Typed on: it is still over the value that was read first.
  expect(overtaken(person, now, form, keptOf(person, now, form, typed))).toEqual(['moved_to'])
  expect(opened(person, { ...full, moved_to: '茶场' }, typed), 'of one mind').toMatchObject({ moved_to: '茶场' })
  expect(keptOf(person, { ...full, moved_to: '茶场' }, form, typed)).toEqual({})
})

test('a correction that was begun is there again until it is saved or given up', () => {
  const draft = correctionDraft('somebody')
  expect(hasCorrection('somebody')).toBe(false)
  draft.typed = { moved_to: { entry: '茶场', over: '茶厂' }, name: { entry: '张卫', over: '张伟' } }
  savedCorrection('somebody', ['moved_to'])
  expect(correctionDraft('somebody').typed, 'the name was masked when the rest was saved').toEqual({ name: { entry: '张卫', over: '张伟' } })
  expect(hasCorrection('somebody')).toBe(true)
  dropCorrection('somebody')
  expect(hasCorrection('somebody')).toBe(false)
})

test('entries become values of their type; what is no number is left to the server to refuse', () => {
  expect(valueOf(spec('building', 'floors'), '6')).toBe(6)
  expect(valueOf(spec('building', 'floors'), 'six')).toBe('six')
  expect(valueOf(spec('premises', 'gas'), 'false')).toBe(false)
  expect(valueOf(spec('premises', 'gas'), '')).toBeNull()
  expect(valueOf(spec('dispute', 'mediators'), '王五\n 李四\n')).toEqual(['王五', '李四'])
})
