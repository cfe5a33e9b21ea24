// What an inspection's form proposes, and moments of a mediation by the clock of China.
import { describe, expect, it } from 'vitest'
import type { Checklist } from '@shared/types/Checklist'
import type { ChecklistItem } from '@shared/types/ChecklistItem'
import { localMoment, momentOf } from '../../src/field/dispute/steps'
import { emptyForm, proposedHazard, unanswered, withSeverity } from '../../src/field/inspection/form'
import { usualValues } from '../../src/field/record/forms'

const DAYS = ['2026-11-22', '2026-11-25', '2026-11-29', '2026-12-07']
const tapped: ChecklistItem = { id: 'F02', text_zh: '通道', text_en: 'way', severity: 2, category: null, retired: false, type: 'ok_bad_na' }
const year: ChecklistItem = { id: 'H03', text_zh: '年', text_en: 'year', severity: null, category: null, retired: false, type: 'year' }
const list: Checklist = { retired: false, code: 'x', title_zh: '', title_en: '', subjects: [], category: '0301', items: [tapped, year] }

describe('a hazard', () => {
  it('is proposed as urgent as the checklist says, with the day that goes with it', () => {
    expect(proposedHazard(tapped, DAYS)).toEqual({ item: 'F02', text: '', severity: 2, due: '2026-11-25' })
    expect(proposedHazard(year, DAYS).severity).toBe(3)
  })
  it('moves its day with its urgency unless somebody chose the day', () => {
    const proposed = proposedHazard(tapped, DAYS)
    expect(withSeverity(proposed, 1, DAYS).due).toBe('2026-11-22')
    expect(withSeverity({ ...proposed, due: '2026-12-31' }, 1, DAYS).due).toBe('2026-12-31')
  })
})

it('only items that are answered by a tap are waited for', () => {
  expect(unanswered(list, emptyForm())).toBe(1)
  expect(unanswered(list, { ...emptyForm(), answers: { F02: 'na' } })).toBe(0)
})

it('a moment that was typed is by the clock of China, and nonsense is none', () => {
  expect(localMoment(1_795_312_800_000)).toBe('2026-11-22T10:00')
  expect(momentOf('2026-11-22T10:00')).toBe(1_795_312_800_000)
  expect(momentOf('')).toBeNull()
  expect(momentOf('2026-13-40T99:99')).toBeNull()
})

it('a new dispute is of today and usually applied for', () => {
  expect(usualValues('dispute', '2026-11-22')).toEqual({ source: 'applied', accepted_on: '2026-11-22' })
  expect(usualValues('person', '2026-11-22')).toEqual({})
})
