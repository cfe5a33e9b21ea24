// What this window knows of the network, told to the device: it then tries at once when the network is back, and knows when photos
// should wait for Wi-Fi.
import { reactive, readonly } from 'vue'
import { call } from '@shared/bridge'
import type { Network } from '@shared/types/Network'

/** What some web views say about their connection (Android's does, WebKit's does not). */
interface Connection extends EventTarget {
  readonly type?: string
}

const state = reactive<Network>({ online: true, metered: null })

/** The network, as far as this window can tell. */
export const network = readonly(state)

function connection(): Connection | undefined {
  return (navigator as Navigator & { connection?: Connection }).connection
}

/** Whether a connection of this type is paid for by volume; null where the type does not tell. */
export function meteredBy(type: string | undefined): boolean | null {
  if (type === 'cellular' || type === 'wimax') return true
  if (type === 'wifi' || type === 'ethernet') return false
  return null
}

function tell(): void {
  state.online = navigator.onLine
  state.metered = meteredBy(connection()?.type)
  // A device that does not answer is told by the screens that read it; it asks the network by itself as well.
  call('network', { ...state }).catch(() => undefined)
}

/** Begins to tell. */
export function watchNetwork(): void {
  window.addEventListener('online', tell)
  window.addEventListener('offline', tell)
  connection()?.addEventListener('change', tell)
  tell()
}

/** Stops telling. */
export function unwatchNetwork(): void {
  window.removeEventListener('online', tell)
  window.removeEventListener('offline', tell)
  connection()?.removeEventListener('change', tell)
}
