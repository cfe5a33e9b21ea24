// How long there is still time, in words.
import { i18n } from '../state/app'

const MINUTE = 60 * 1000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The time left (or over) in the unit that people would say it in. */
export function timeLeft(at: number, now: number): { over: boolean; unit: 'minutes' | 'hours' | 'days'; n: number } {
  const over = at < now
  const span = Math.abs(at - now)
  if (span < HOUR) return { over, unit: 'minutes', n: Math.max(1, Math.floor(span / MINUTE)) }
  if (span < 2 * DAY) return { over, unit: 'hours', n: Math.floor(span / HOUR) }
  return { over, unit: 'days', n: Math.floor(span / DAY) }
}

/** `2 days left`, `3 hours overdue`. */
export function dueWords(at: number, now = Date.now()): string {
  const { over, unit, n } = timeLeft(at, now)
  return i18n.global.t(`field.loop.${over ? 'over' : 'left'}.${unit}`, { n })
}

/** Colour of the mark: over, nearly over, or time enough. */
export function dueTone(at: number, now = Date.now()): 'bad' | 'warn' | '' {
  if (at < now) return 'bad'
  return at - now < DAY ? 'warn' : ''
}
