// What the sync bar says: one short truth, worst news first.
import type { SyncState } from '@shared/types/SyncState'
import type { shapes } from '../parts/IconMark.vue'

/** Words of the bar: a key with its numbers, a colour and a shape. */
export interface SyncWords {
  /** Key of the language files. */
  key: string
  /** Records and photos that are not on the server yet. */
  n: number
  /** How it looks. */
  tone: 'good' | 'quiet' | 'info' | 'warn' | 'bad'
  /** The shape beside the words: colour alone says nothing to many people. */
  icon: keyof typeof shapes
}

/** Everything that is not on the server yet. */
export function waiting(state: Pick<SyncState, 'waiting_records' | 'waiting_photos'>): number {
  return state.waiting_records + state.waiting_photos
}

/** Whether nothing waits but photos, and those for Wi-Fi. */
export function onlyForWifi(state: Pick<SyncState, 'waiting_records' | 'waiting_photos' | 'photos_for_wifi'>): boolean {
  return state.waiting_records === 0 && state.photos_for_wifi > 0 && state.photos_for_wifi === state.waiting_photos
}

/** What the sheet explains: what stands in the way, or else the phase. "Soon" is not said of what somebody has to do something for. */
export function explanation(state: Pick<SyncState, 'phase' | 'hindrance'>): string {
  const own = ['signed_out', 'revoked', 'sending'].includes(state.phase)
  return state.hindrance === 'none' || own ? `field.sync.explain.${state.phase}` : `field.sync.hindrance.${state.hindrance}`
}

/** The words for a state. `safe` is said only when nothing waits and the device says so. */
export function syncWords(state: SyncState): SyncWords {
  const n = waiting(state)
  switch (state.phase) {
    case 'signed_out':
      return { key: n > 0 ? 'field.sync.signed_out_n' : 'field.sync.signed_out', n, tone: 'bad', icon: 'warn' }
    case 'revoked':
      return { key: n > 0 ? 'field.sync.revoked_n' : 'field.sync.revoked', n, tone: 'bad', icon: 'warn' }
  }
  if (state.hindrance !== 'none' && state.phase !== 'sending') {
    return { key: n > 0 ? 'field.sync.hindered_n' : 'field.sync.hindered', n, tone: 'warn', icon: 'warn' }
  }
  switch (state.phase) {
    case 'sending':
      return { key: n > 0 ? 'field.sync.sending_n' : 'field.sync.sending', n, tone: 'info', icon: 'sending' }
    case 'offline':
      return { key: n > 0 ? 'field.sync.offline_n' : 'field.sync.offline', n, tone: n > 0 ? 'warn' : 'quiet', icon: 'offline' }
    case 'safe':
      if (n > 0) return { key: 'field.sync.waiting', n, tone: 'warn', icon: 'waiting' }
      return { key: state.safe_at === null ? 'field.sync.safe' : 'field.sync.safe_at', n, tone: 'good', icon: 'cloud' }
    case 'waiting':
      if (onlyForWifi(state)) return { key: 'field.sync.for_wifi', n, tone: 'warn', icon: 'waiting' }
      return { key: n > 0 ? 'field.sync.waiting' : 'field.sync.waiting_none', n, tone: 'warn', icon: 'waiting' }
    case 'never':
      return { key: n > 0 ? 'field.sync.never_n' : 'field.sync.never', n, tone: 'quiet', icon: 'waiting' }
  }
}

/** A span of time in words: a key with its number. */
export interface Span {
  /** Key of the language files. */
  key: string
  /** How many of them. */
  n: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How much a clock is off, in the unit that says most. */
export function span(ms: number): Span {
  const off = Math.abs(ms)
  if (off < 2 * HOUR) return { key: 'field.sync.span.minutes', n: Math.round(off / MINUTE) }
  if (off < 2 * DAY) return { key: 'field.sync.span.hours', n: Math.round(off / HOUR) }
  if (off < 2 * 365 * DAY) return { key: 'field.sync.span.days', n: Math.round(off / DAY) }
  return { key: 'field.sync.span.years', n: Math.round(off / (365.25 * DAY)) }
}

/** Which way the phone's clock is wrong; null while it is right. The server's time minus the phone's: positive means slow. */
export function clockOff(state: Pick<SyncState, 'clock_wrong' | 'server_time_off_ms'>): { slow: boolean; by: Span } | null {
  if (!state.clock_wrong || state.server_time_off_ms === null) return null
  return { slow: state.server_time_off_ms > 0, by: span(state.server_time_off_ms) }
}
