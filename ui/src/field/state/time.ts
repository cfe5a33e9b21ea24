// Moments as people say them. The county lives by one clock (UTC+8), whatever the phone is set to.
import { i18n } from './app'
import { CHINA_MS, dayNumber } from './days'

export { dayNumber, isoDay, momentOf } from './days'

const ZONE = 'Asia/Shanghai'

function format(at: number, options: Intl.DateTimeFormatOptions): string {
  const locale = i18n.global.locale.value === 'zh' ? 'zh-CN' : 'en-GB'
  return new Intl.DateTimeFormat(locale, { timeZone: ZONE, hourCycle: 'h23', ...options }).format(at)
}

/** `16:05` */
export function clock(at: number): string {
  return format(at, { hour: '2-digit', minute: '2-digit' })
}

/** The day, without the year if it is this one. */
export function day(at: number, now = Date.now()): string {
  const year = (moment: number) => new Date(moment + CHINA_MS).getUTCFullYear()
  const options: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric' }
  if (year(at) !== year(now)) options.year = 'numeric'
  return format(at, options)
}

/** The day and the time; only the time if it was today. */
export function moment(at: number, now = Date.now()): string {
  return dayNumber(at) === dayNumber(now) ? clock(at) : `${day(at, now)} ${clock(at)}`
}

/** How long ago, in whole days: today, yesterday, n days ago. */
export function daysAgo(at: number, now = Date.now()): string {
  const { t } = i18n.global
  const days = dayNumber(now) - dayNumber(at)
  if (days <= 0) return t('field.time.today')
  if (days === 1) return t('field.time.yesterday')
  if (days < 60) return t('field.time.days_ago', { n: days })
  return t('field.time.months_ago', { n: Math.floor(days / 30) })
}

/** A stored day (`YYYY-MM-DD`) as people say it. */
export function dayWords(iso: string, now = Date.now()): string {
  const noon = Date.parse(`${iso}T12:00:00+08:00`)
  return Number.isNaN(noon) ? iso : day(noon, now)
}
