// How this browser's desk looks: language, light or dark, the order of the inbox. Nothing about residents is kept in the browser.
import { reactive, watch } from 'vue'
import type { Language } from '@shared/i18n'
import type { Order } from '../api/calls'

/** Light or dark, or as the computer says. */
export type Theme = 'auto' | 'light' | 'dark'

type Preferences = { language: Language; theme: Theme; order: Order; places_shown: boolean }

const KEY = 'doorstep.desk'

function stored(): Partial<Preferences> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    // Unreadable, or the browser keeps nothing: the desk starts as on the first day.
    return {}
  }
}

function known<T extends string>(value: unknown, values: readonly T[], otherwise: T): T {
  return values.find((one) => one === value) ?? otherwise
}

function start(): Preferences {
  const kept = stored()
  return {
    language: known(kept.language, ['zh', 'en'], 'zh'),
    theme: known(kept.theme, ['auto', 'light', 'dark'], 'auto'),
    order: known(kept.order, ['newest', 'oldest'], 'oldest'),
    places_shown: kept.places_shown !== false,
  }
}

/** The preferences; changing one keeps it. */
export const preferences = reactive(start())

const computerIsDark = window.matchMedia('(prefers-color-scheme: dark)')

function paint(): void {
  const dark = preferences.theme === 'dark' || (preferences.theme === 'auto' && computerIsDark.matches)
  document.documentElement.classList.toggle('dark', dark)
}

/** Applies the theme now and whenever it changes. */
export function followPreferences(): void {
  paint()
  computerIsDark.addEventListener('change', paint)
  watch(preferences, (now) => {
    paint()
    try {
      localStorage.setItem(KEY, JSON.stringify(now))
    } catch {
      // A browser that keeps nothing still shows what was chosen until it is closed.
    }
  })
}
