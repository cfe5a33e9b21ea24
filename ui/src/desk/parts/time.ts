// Dates, moments and ages in both languages.
import { onScopeDispose, readonly, ref } from 'vue'
import type { Language } from '@shared/i18n'

/** The county's clock: a record shows the same time on the desk as on the phone, wherever either stands. */
const ZONE = 'Asia/Shanghai'

const LOCALE: { readonly [language in Language]: string } = { zh: 'zh-CN', en: 'en-GB' }

function formats(language: Language) {
  const locale = LOCALE[language]
  const long = language === 'zh' ? 'long' : 'short'
  return {
    date: new Intl.DateTimeFormat(locale, { year: 'numeric', month: long, day: 'numeric', timeZone: 'UTC' }),
    moment: new Intl.DateTimeFormat(locale, {
      year: 'numeric',
      month: long,
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZone: ZONE,
    }),
    day: new Intl.DateTimeFormat(locale, { month: long, day: 'numeric', timeZone: ZONE }),
    fullDay: new Intl.DateTimeFormat(locale, { year: 'numeric', month: long, day: 'numeric', timeZone: ZONE }),
    year: new Intl.DateTimeFormat('en', { year: 'numeric', timeZone: ZONE }),
    age: new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' }),
  }
}

const ready: { [language in Language]?: ReturnType<typeof formats> } = {}

/** Making a formatter costs more than using it a thousand times. */
function of(language: Language): ReturnType<typeof formats> {
  return (ready[language] ??= formats(language))
}

/** A day written `YYYY-MM-DD` in words; null when it is none. */
export function dateText(day: string, language: Language): string | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null
  const at = Date.parse(`${day}T00:00:00Z`)
  return Number.isNaN(at) ? null : of(language).date.format(at)
}

/** A moment (milliseconds since 1970) in words. */
export function momentText(at: number, language: Language): string {
  return of(language).moment.format(at)
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How long ago, in a few characters: minutes, hours, days, then the date. */
export function ageText(at: number, now: number, language: Language): string {
  const { age, day, fullDay, year } = of(language)
  const past = Math.max(now - at, 0)
  if (past < HOUR_MS) return age.format(-Math.floor(past / MINUTE_MS), 'minute')
  if (past < DAY_MS) return age.format(-Math.floor(past / HOUR_MS), 'hour')
  if (past < 7 * DAY_MS) return age.format(-Math.floor(past / DAY_MS), 'day')
  const sameYear = year.format(at) === year.format(now)
  return (sameYear ? day : fullDay).format(at)
}

/** The time, moving on by itself, for ages on the screen. */
export function useNow() {
  const now = ref(Date.now())
  const timer = setInterval(() => (now.value = Date.now()), 20_000)
  onScopeDispose(() => clearInterval(timer))
  return readonly(now)
}
