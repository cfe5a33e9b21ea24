// Whose phone this is, whether it is open, and how the worker likes it to look and to use the network.
import { reactive, readonly, toRaw } from 'vue'
import { call } from '@shared/bridge'
import { makeI18n, setLanguage } from '@shared/i18n'
import type { AppState } from '@shared/types/AppState'
import type { Preferences } from '@shared/types/Preferences'
import { forgetPictures } from '../photo/pictures'

/** The app's i18n plugin. */
export const i18n = makeI18n()

const state = reactive<{ app: AppState | null; preferences: Preferences }>({
  app: null,
  preferences: { language: 'zh', type_percent: 100, theme: 'auto', photos_on_wifi_only: false, tour_seen: true },
})

/** Whose phone this is, and how it looks. */
export const appState = readonly(state)

/** Asks the device who this phone belongs to and how it should look. */
export async function readApp(): Promise<void> {
  const [app, preferences] = await Promise.all([call('state', {}), call('preferences', {})])
  await show(preferences)
  state.app = app
}

/** Takes the state that enrolling or unlocking answered with. */
export function takeAppState(app: AppState): void {
  state.app = app
}

/** Seals the register. */
export async function lock(): Promise<void> {
  state.app = await call('lock', {})
  forgetPictures()
}

/** The phone is in other hands now: the screens start again from nothing, so that no word of the one before is left in them. */
export function changedHands(): void {
  window.location.hash = '#/today'
  window.location.reload()
}

/** The register turned out to be sealed: shows the lock, whatever screen was open, and asks why. */
export function foundLocked(): void {
  if (state.app) state.app = { ...state.app, phase: 'locked' }
  forgetPictures()
  // The desk may have locked the phone, or had it wiped.
  void askAgain()
}

/** Asks the device whether it is still what the screen says: the desk may have lifted its lock. */
export async function askAgain(): Promise<void> {
  try {
    state.app = await call('state', {})
  } catch {
    // What the screen says stays true until the device says otherwise.
  }
}

/** What is being kept, one choice after the other. */
let keeping: Promise<void> = Promise.resolve()

/** Changes how the app looks and uses the network, at once and for good. */
export async function setPreferences(change: Partial<Preferences>): Promise<void> {
  const wanted = { ...state.preferences, ...change }
  await show(wanted)
  // One after the other: of two quick choices the second must be the one that is kept.
  const kept = keeping.then(() => call('set_preferences', wanted))
  keeping = kept.then(() => undefined, () => undefined)
  const answer = await kept
  if (toRaw(state.preferences) === wanted) state.preferences = answer
}

const darkPhone = window.matchMedia('(prefers-color-scheme: dark)')
darkPhone.addEventListener('change', paint)

async function show(preferences: Preferences): Promise<void> {
  state.preferences = preferences
  paint()
  await setLanguage(i18n, preferences.language, 'field')
  document.title = i18n.global.t('common.app')
}

function paint(): void {
  const { theme, type_percent } = state.preferences
  const dark = theme === 'dark' || (theme === 'auto' && darkPhone.matches)
  const root = document.documentElement
  root.dataset.theme = dark ? 'dark' : 'light'
  root.classList.toggle('van-theme-dark', dark)
  root.toggleAttribute('data-large', type_percent >= 150)
  root.style.fontSize = `${(16 * type_percent) / 100}px`
}
