// Which form stood open, so that a killed app comes back to it. From any other screen a new start begins on Today.
import type { Router } from 'vue-router'
import { call } from '@shared/bridge'

const KEY = 'screen'

interface Screen {
  path: string
  form: boolean
}

/** Goes back to the screen of the last run, if that stopped in the middle of a form. */
export async function restoreScreen(router: Router): Promise<void> {
  await router.isReady()
  const draft = await call('draft', { key: KEY })
  const screen = draft?.value as Screen | undefined
  if (!screen?.form || router.currentRoute.value.path !== '/today') return
  if (router.resolve(screen.path).matched.length > 0) await router.push(screen.path)
}

/** Remembers every screen from now on. Returns how to stop. */
export function rememberScreens(router: Router): () => void {
  let queue: Promise<unknown> = Promise.resolve()
  const stop = router.afterEach((to, _from, failure) => {
    if (failure) return
    const value: Screen = { path: to.fullPath, form: to.meta.form === true || to.path === '/report' }
    queue = queue.then(() => call('save_draft', { key: KEY, value })).catch(() => undefined)
  })
  return stop
}
