// How a care plan stands, in words; and what one tap on it does.
import { call, failureOf } from '@shared/bridge'
import type { CareContact } from '@shared/types/CareContact'
import type { CareLine } from '@shared/types/CareLine'
import { tell } from '../shell/notice'
import { i18n } from '../state/app'
import { codeName } from '../state/lists'
import { daysAgo, dayWords, moment } from '../state/time'
import { tapVisit } from '../visit/visits'

/** How the plan stands. */
export function standingWords(line: CareLine): string {
  const { t } = i18n.global
  switch (line.standing) {
    case 'missed':
    case 'late':
      return t('field.care.late', { n: line.days_late })
    case 'due':
      return t('field.care.due')
    case 'ahead':
      return line.due_on ? t('field.care.ahead', { day: dayWords(line.due_on) }) : ''
    case 'ended':
      return t('field.care.ended')
    default:
      return t(line.left ? 'field.care.left' : 'field.care.resting')
  }
}

/** The colour of its chip. Never without the words. */
export function standingClass(line: CareLine): string {
  return { missed: 'bad', late: 'warn', due: 'info', ahead: 'good', resting: '', ended: '' }[line.standing]
}

/** When somebody was met, and what came of trying since. */
export function seenWords(line: CareLine): string {
  const { t } = i18n.global
  const met = line.last_met === null ? t('field.doors.never_met') : t('field.doors.last_met', { ago: daysAgo(line.last_met) })
  if (line.latest_at === null || line.latest_at === line.last_met) return met
  return `${met} · ${moment(line.latest_at)} ${codeName('visit_result', line.latest_result)}`
}

/** Whose number it is. */
export function contactWords(contact: CareContact): string {
  const { t } = i18n.global
  return t(`field.care.contact.${contact.whose}`, { name: contact.name ?? '' }).trim()
}

/** The visit that a check asks for, with one tap. Says whether it is stored. */
export async function recordCare(line: CareLine, result: string): Promise<boolean> {
  if (!line.person_id) return false
  return tapVisit({ target: line.person_id, target_kind: 'person', result, purposes: ['care'], care_plan: line.id }, line.name)
}

/** The form for everything else that can be said of the visit. */
export function visitPath(line: CareLine): string {
  return `/visit/person/${line.person_id ?? ''}?purpose=care&plan=${line.id}`
}

/** The report of a missed check. It names the door, not the plan: whoever reads it need not know why somebody is looked after. */
export function reportPath(line: CareLine): string {
  const { t } = i18n.global
  const query = new URLSearchParams({ address: line.address, title: t('field.care.report_title'), category: '0801' })
  if (line.household_id) query.set('household', line.household_id)
  if (line.dwelling_id) query.set('dwelling', line.dwelling_id)
  return `/report?${query.toString()}`
}

/** Ends a plan today. Says whether it is stored. */
export async function endCare(id: string): Promise<boolean> {
  const { t } = i18n.global
  try {
    await call('end_care', { id })
    tell({ text: t('field.care.ended_now') })
    return true
  } catch (reason) {
    tell({ text: t(`common.failure.${failureOf(reason).code}`), bad: true })
    return false
  }
}
