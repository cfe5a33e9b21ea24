// A step of a mediation changes of the file what the worker changed, and nothing else.
import { expect, test } from 'vitest'
import { STEPS, changedFile, fileOf, keptWords, proposed } from '@field/dispute/steps'
import type { Dispute } from '@shared/types/Dispute'

const dispute = { parties: [{ name: '周氏' }, { name: '3-201' }], agreement: 'written', agreed_on: '2026-09-01', terms: 'pays by May', perform_how: null, perform_by: null } as unknown as Dispute
const agreement = STEPS.agreement!

test('a field of the file that says what it said is not written again', () => {
  const stored = fileOf(agreement, dispute)
  const values = proposed(agreement, dispute, '2026-09-05')
  expect(changedFile(agreement, stored, values)).toBe(null)
  expect(changedFile(agreement, stored, { ...values, signed: true, perform_by: '2026-12-01' })).toEqual({ perform_by: '2026-12-01' })
  expect(changedFile(agreement, stored, { ...values, terms: '' })).toEqual({ terms: null })
})

test('the day that is proposed is written when the file has none', () => {
  const none = { ...dispute, agreed_on: null } as Dispute
  expect(changedFile(agreement, fileOf(agreement, none), proposed(agreement, none, '2026-09-05'))).toEqual({ agreed_on: '2026-09-05' })
})

test('an unfinished step keeps its own words and what it changes, so that the rest is read anew', () => {
  const stored = fileOf(agreement, dispute)
  const kept = keptWords(agreement, stored, { ...proposed(agreement, dispute, '2026-09-05'), signed: true, terms: 'pays by June' })
  expect(kept).toEqual({ signed: true, terms: 'pays by June' })
})

test('a step without fields of the file changes none', () => {
  const step = STEPS.mediation!
  expect(proposed(step, dispute, '2026-09-05')).toMatchObject({ present: ['周氏'], text: null })
  expect(changedFile(step, fileOf(step, dispute), { text: 'talked' })).toBe(null)
})
