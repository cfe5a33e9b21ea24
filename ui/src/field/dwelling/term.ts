// From when until when a dwelling is let, in a few words.
import type { Tenancy } from '@shared/types/Tenancy'
import { i18n } from '../state/app'
import { dayWords } from '../state/time'

/** The days of a tenancy as people say them. */
export function term({ starts_on: starts, ends_on: ends }: Pick<Tenancy, 'starts_on' | 'ends_on'>): string {
  const { t } = i18n.global
  if (!starts && !ends) return t('field.tenancy.unknown')
  const from = starts ? t('field.tenancy.from', { day: dayWords(starts) }) : ''
  const until = ends ? t('field.tenancy.until', { day: dayWords(ends) }) : t('field.tenancy.open_end')
  return [from, until].filter(Boolean).join(' ')
}
