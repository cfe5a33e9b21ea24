// Where this phone stands with the server, asked regularly while somebody looks at the screen.
import { reactive, readonly } from 'vue'
import { call, failureOf } from '@shared/bridge'
import type { SyncState } from '@shared/types/SyncState'
import { foundLocked } from '../state/app'

/** How often the device is asked, milliseconds. It costs one small read. */
const EVERY_MS = 1500

const state = reactive<SyncState>({
  phase: 'never',
  hindrance: 'none',
  waiting_records: 0,
  waiting_photos: 0,
  photos_for_wifi: 0,
  handed_in: 0,
  refused: 0,
  safe_at: null,
  server_time_off_ms: null,
  clock_wrong: false,
  generation: 0,
})

/** The device's latest answer. */
export const syncState = readonly(state)

let timer: number | null = null

/** Asks at once: after a write, so that the bar and the lists tell the truth without delay. */
export async function refreshSync(): Promise<void> {
  try {
    Object.assign(state, await call('sync_state', {}))
  } catch (reason) {
    // Locked by the desk while somebody looks at the screen: nothing of the register stays on it.
    if (failureOf(reason).code === 'locked') foundLocked()
    // A failing device is told by the screen that reads it; the bar keeps its last true words.
  }
}

/** Asks for a round with the server now. */
export async function syncNow(): Promise<void> {
  Object.assign(state, await call('sync_now', {}))
}

/** Sends the photos that wait for Wi-Fi over whatever network there is, this once. */
export async function sendPhotosNow(): Promise<void> {
  Object.assign(state, await call('send_photos_now', {}))
}

async function tick(): Promise<void> {
  if (document.visibilityState === 'visible') await refreshSync()
  if (timer !== null) timer = window.setTimeout(tick, EVERY_MS)
}

function onVisible(): void {
  if (document.visibilityState === 'visible') void refreshSync()
}

/** Begins asking. */
export function watchSync(): void {
  if (timer !== null) return
  timer = window.setTimeout(tick, 0)
  document.addEventListener('visibilitychange', onVisible)
}

/** Stops asking. */
export function unwatchSync(): void {
  if (timer !== null) window.clearTimeout(timer)
  timer = null
  document.removeEventListener('visibilitychange', onVisible)
}
