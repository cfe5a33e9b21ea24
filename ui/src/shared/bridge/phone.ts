// What the phone itself offers the screens: fingerprint or face, notifications, the position. Where something does not exist it is
// answered as such, so that no screen asks on which kind of machine it stands.
import type { AppState } from '../types/AppState'
import type { Position } from '../types/Position'
import { callFailed } from './failed'
import { host } from './index'
import type { AlertWords, Allowed, SystemCommands, SystemState } from './system'

export type { AlertWords, Allowed, SystemState } from './system'

/** Whether this is a phone or a tablet, with a camera that a form can open. */
export function isPhone(userAgent: string): boolean {
  return /Android|iPhone|iPad/.test(userAgent)
}

const NOTHING: SystemState = { biometry: false, alerts: 'never', position: false }

/** What this phone can do. Never rejects: what cannot be asked cannot be used. */
export async function systemState(): Promise<SystemState> {
  return (await host().system?.ask('system_state', {}).catch(() => NOTHING)) ?? NOTHING
}

/** Lets fingerprint or face open the register; the PIN still does. Rejects with `CallFailed`. */
export function allowBiometry(pin: string): Promise<AppState> {
  return ask('allow_biometry', { pin })
}

/** The PIN alone opens the register again. Rejects with `CallFailed`. */
export function forgetBiometry(): Promise<AppState> {
  return ask('forget_biometry', {})
}

/** Opens the register when the system recognises the worker. Rejects with `CallFailed`. */
export function unlockWithBiometry(prompt: { reason: string; cancel: string }): Promise<AppState> {
  return ask('unlock_with_biometry', { prompt })
}

/** Asks the worker, once in the life of the app, whether news may be told while it is not on the screen. */
export async function allowAlerts(): Promise<Allowed> {
  return (await host().system?.ask('allow_alerts', {}).catch((): Allowed => 'refused')) ?? 'never'
}

/** Says that the app is on the screen, or not: only then news are told, in these words. */
export function tellShown(shown: boolean, words: AlertWords): void {
  void host().system?.ask('shown', { shown, words }).catch(() => undefined)
}

/** Why there is no position. */
export type NoPosition = 'denied' | 'unknown'

/** Asks once where the phone is. Rejects with a {@link NoPosition}. */
export async function readPosition(): Promise<Position> {
  const system = host().system
  if (!system || !(await systemState()).position) return positionOfWebView()
  try {
    const found = await system.ask('position', {})
    return { lat: rounded(found.lat), lng: rounded(found.lng), accuracy_m: Math.round(found.accuracy_m ?? 0) }
  } catch (why) {
    if (why === 'denied') throw why
    // Many phones here lack the service that the system's own way needs; the web view has another.
    return positionOfWebView()
  }
}

function positionOfWebView(): Promise<Position> {
  return new Promise((resolve, reject: (why: NoPosition) => void) => {
    // Some windows have no way to ask.
    const asked = (navigator as { geolocation?: Geolocation }).geolocation
    if (!asked) return reject('unknown')
    asked.getCurrentPosition(
      ({ coords }) => resolve({ lat: rounded(coords.latitude), lng: rounded(coords.longitude), accuracy_m: Math.round(coords.accuracy) }),
      (error) => reject(error.code === error.PERMISSION_DENIED ? 'denied' : 'unknown'),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
    )
  })
}

/** Six decimals are a hand's breadth: more says nothing. */
function rounded(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6
}

async function ask<C extends keyof SystemCommands>(
  command: C,
  args: SystemCommands[C]['args'],
): Promise<SystemCommands[C]['answer']> {
  try {
    const system = host().system
    if (!system) throw { code: 'biometry', problems: [], wait_ms: null }
    return await system.ask(command, args)
  } catch (reason) {
    throw callFailed(command, reason)
  }
}
