// What a supervisor can put right, and what of it is sent.
import { expect, test } from 'vitest'
import { correctable, corrected, formOf, valueOf } from '@desk/record/correct'

const names = (kind: string) => correctable(kind).map((spec) => spec.name)
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
  const form = formOf('person', fields)
  expect(corrected('person', fields, form)).toEqual({})
  form.name = ' 单雄 '
  expect(corrected('person', fields, form)).toEqual({})
  form.phone = ' 13911112222 '
  form.birth_date = ''
  expect(corrected('person', fields, form)).toEqual({ phone: '13911112222', birth_date: null })
})

test('entries become values of their type; what is no number is left to the server to refuse', () => {
  expect(valueOf(spec('building', 'floors'), '6')).toBe(6)
  expect(valueOf(spec('building', 'floors'), 'six')).toBe('six')
  expect(valueOf(spec('premises', 'gas'), 'false')).toBe(false)
  expect(valueOf(spec('premises', 'gas'), '')).toBeNull()
  expect(valueOf(spec('dispute', 'mediators'), '王五\n 李四\n')).toEqual(['王五', '李四'])
})
