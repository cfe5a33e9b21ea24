// The bar never says that something is safe which is not.
import { expect, test } from 'vitest'
import { syncWords, waiting } from '@field/sync/words'
import type { SyncPhase } from '@shared/types/SyncPhase'

const phases: SyncPhase[] = ['never', 'offline', 'waiting', 'sending', 'safe', 'signed_out', 'revoked']
const state = (phase: SyncPhase, records: number, photos: number) => ({
  phase,
  waiting_records: records,
  waiting_photos: photos,
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

test('every phase counts what waits, photos included', () => {
  for (const phase of phases) expect(syncWords(state(phase, 2, 3)).n).toBe(5)
  expect(waiting(state('offline', 0, 1))).toBe(1)
})
