// The bar never says that something is safe which is not.
import { expect, test } from 'vitest'
import { meteredBy } from '@field/sync/network'
import { clockOff, explanation, span, syncWords, waiting } from '@field/sync/words'
import type { SyncPhase } from '@shared/types/SyncPhase'

const phases: SyncPhase[] = ['never', 'offline', 'waiting', 'sending', 'safe', 'signed_out', 'revoked']
const state = (phase: SyncPhase, records: number, photos: number) => ({
  phase,
  hindrance: 'none' as const,
  waiting_records: records,
  waiting_photos: photos,
  photos_for_wifi: 0,
  handed_in: 0,
  refused: 0,
  safe_at: 1_760_000_000_000,
  server_time_off_ms: 0,
  clock_wrong: false,
  generation: 1,
})

test('only the phase safe with nothing waiting is called safe', () => {
  for (const phase of phases) {
    for (const [records, photos] of [[0, 0], [1, 0], [0, 1]] as const) {
      const words = syncWords(state(phase, records, photos))
      const calledSafe = words.key.includes('safe') || words.tone === 'good'
      expect(calledSafe, `${phase} ${records} ${photos}`).toBe(phase === 'safe' && records + photos === 0)
    }
  }
})

test('where neither a signal nor time helps the bar says so, and the sheet says what to do', () => {
  for (const hindrance of ['storage', 'update', 'server'] as const) {
    for (const phase of ['never', 'offline', 'waiting', 'safe'] as const) {
      expect(syncWords({ ...state(phase, 1, 0), hindrance })).toMatchObject({ key: 'field.sync.hindered_n', n: 1, tone: 'warn' })
      expect(syncWords({ ...state(phase, 0, 0), hindrance }).key).toBe('field.sync.hindered')
      expect(explanation({ phase, hindrance })).toBe(`field.sync.hindrance.${hindrance}`)
    }
    // What the desk or the running round says comes first.
    for (const phase of ['signed_out', 'revoked', 'sending'] as const) expect(explanation({ phase, hindrance })).toBe(`field.sync.explain.${phase}`)
  }
  expect(explanation({ phase: 'waiting', hindrance: 'none' })).toBe('field.sync.explain.waiting')
})

test('every phase counts what waits, photos included', () => {
  for (const phase of phases) expect(syncWords(state(phase, 2, 3)).n).toBe(5)
  expect(waiting(state('offline', 0, 1))).toBe(1)
})

test('photos that wait for Wi-Fi are called so only when nothing else waits', () => {
  const words = (records: number, photos: number, forWifi: number) =>
    syncWords({ ...state('waiting', records, photos), photos_for_wifi: forWifi })
  expect(words(0, 2, 2)).toMatchObject({ key: 'field.sync.for_wifi', n: 2 })
  expect(words(1, 2, 2).key).toBe('field.sync.waiting')
  expect(words(0, 2, 1).key).toBe('field.sync.waiting')
  expect(words(0, 1, 0).key).toBe('field.sync.waiting')
})

test('a wrong clock says how much and which way, a right one says nothing', () => {
  const minute = 60_000
  const off = (ms: number) => clockOff({ clock_wrong: true, server_time_off_ms: ms })
  expect(off(12 * minute)).toEqual({ slow: true, by: { key: 'field.sync.span.minutes', n: 12 } })
  expect(off(-12 * minute)?.slow).toBe(false)
  expect(clockOff({ clock_wrong: false, server_time_off_ms: 12 * minute })).toBeNull()
  expect(span(-3 * 60 * minute)).toEqual({ key: 'field.sync.span.hours', n: 3 })
  expect(span(3 * 24 * 60 * minute)).toEqual({ key: 'field.sync.span.days', n: 3 })
  expect(span(10 * 365.25 * 24 * 60 * minute)).toEqual({ key: 'field.sync.span.years', n: 10 })
})

test('only a connection that tells its type is known to be metered or not', () => {
  expect(['cellular', 'wifi', 'ethernet', 'unknown', 'none', undefined].map(meteredBy)).toEqual([true, false, false, null, null, null])
})
