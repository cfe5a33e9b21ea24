// Which day it is in the county, while the app lives for days: what a screen says of "today" is read anew when another begins.
import { readonly, ref } from 'vue'
import { dayNumber, momentOf } from './days'

const present = ref(dayNumber(Date.now()))

/** The number of the present day in China. */
export const presentDay = readonly(present)

let timer: number | null = null

function look(): void {
  present.value = dayNumber(Date.now())
  if (timer !== null) timer = window.setTimeout(look, untilMidnight())
}

function untilMidnight(): number {
  const now = Date.now()
  // Minus one day before today is tomorrow.
  return Math.max(1000, (momentOf(-1, '0:00', now) ?? now) - now)
}

function onVisible(): void {
  // A phone that sleeps runs no timers.
  if (document.visibilityState !== 'visible' || timer === null) return
  window.clearTimeout(timer)
  look()
}

/** Begins to notice when another day begins. */
export function watchDay(): void {
  if (timer !== null) return
  timer = 0
  look()
  document.addEventListener('visibilitychange', onVisible)
}

/** Stops noticing. */
export function unwatchDay(): void {
  if (timer !== null) window.clearTimeout(timer)
  timer = null
  document.removeEventListener('visibilitychange', onVisible)
}
