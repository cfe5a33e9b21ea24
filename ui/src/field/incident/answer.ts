// What a resident is told of an incident: what was reported, what was done, what came of it. No names of colleagues or units.
import type { IncidentPage } from '@shared/types/IncidentPage'
import { i18n } from '../state/app'
import { day } from '../state/time'

/** The answer, to be read over and changed before it is shared. */
export function answerText(page: Pick<IncidentPage, 'incident' | 'address' | 'progress'>): string {
  const { t } = i18n.global
  const { incident, progress } = page
  const said = t('field.answer.reported', { day: day(incident.happened_at), title: incident.title })
  const number = incident.number ? t('field.answer.number', { number: incident.number }) : ''
  const done = progress.outcome ? t('field.answer.done', { text: progress.outcome }) : ''
  return [t('field.answer.hello'), said + number, done, t(`field.answer.result.${resultOf(progress)}`), t('field.answer.bye')].filter((line) => line !== '').join('\n')
}

/** What came of it, in the few words that a resident needs. */
export function resultOf(progress: Pick<IncidentPage['progress'], 'state'>): 'settled' | 'checking' | 'declined' | 'merged' | 'working' | 'waiting' {
  switch (progress.state) {
    case 'closed':
    case 'passed':
    case 'solved':
    case 'errand_done':
      return 'settled'
    case 'resulted':
      return 'checking'
    case 'declined':
      return 'declined'
    case 'merged':
      return 'merged'
    case 'reported':
    case 'returned':
      return 'waiting'
    default:
      return 'working'
  }
}
