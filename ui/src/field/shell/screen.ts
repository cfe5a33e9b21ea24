// Which screen stood open, so that a killed app comes back to it.
import type { Router } from 'vue-router'
import { call } from '@shared/bridge'

const KEY = 'screen'
/** A worker who comes back later than this starts the day anew, on Today; milliseconds. A form with a draft is always found again. */
const FRESH_MS = 30 * 60 * 1000

interface Screen {
  path: string
  form: boolean
  at: number
}

/** Goes back to the screen of the last run, if it was left just now or in the middle of a form. */
export async function restoreScreen(router: Router): Promise<void> {
  await router.isReady()
  const draft = await call('draft', { key: KEY })
  const screen = draft?.value as Screen | undefined
  if (!screen || router.currentRoute.value.path !== '/today') return
  if (!screen.form && Date.now() - screen.at > FRESH_MS) return
  if (router.resolve(screen.path).matched.length > 0 && screen.path !== '/today') await router.push(screen.path)
}

/** Remembers every screen from now on. Returns how to stop. */
export function rememberScreens(router: Router): () => void {
  let queue: Promise<unknown> = Promise.resolve()
  const stop = router.afterEach((to, _from, failure) => {
    if (failure) return
    const value: Screen = { path: to.fullPath, form: to.meta.form === true, at: Date.now() }
    queue = queue.then(() => call('save_draft', { key: KEY, value })).catch(() => undefined)
  })
  return stop
}
