// The way out of a form after its save: only while the worker is still there. Who left meanwhile is not moved once more.
import { getCurrentScope, onScopeDispose } from 'vue'
import { useRouter } from 'vue-router'
import { tell } from '../shell/notice'
import { i18n } from './app'
import { notKept } from './draft'

/** The way out of one form. */
export interface WayOut {
  /** Whether the worker is at the form still: neither gone nor on the way elsewhere. */
  here(): boolean
  /** Opens what was saved, in place of the form. */
  to(path: string): Promise<void>
  /** Back to where the worker came from; to `home` if the app was started at the form. */
  back(home: string): void
  /** Says why nothing was saved; to who left meanwhile also of which form, with a way back to its words, and whether the draft has them all. */
  failed(why: string, form: string): void
}

/** The way out of the form at the present route. */
export function useWayOut(): WayOut {
  const router = useRouter()
  const screen = getCurrentScope()
  const own = router.currentRoute.value.path
  const whole = router.currentRoute.value.fullPath
  // A page that is fetched only now is not the present route yet, but the worker has chosen it already.
  let heading = own
  let gone = false
  const stops = [
    router.beforeEach((next) => void (heading = next.path)),
    router.afterEach(() => (heading = router.currentRoute.value.path)),
    router.onError(() => (heading = router.currentRoute.value.path)),
  ]
  onScopeDispose(() => {
    gone = true
    for (const stop of stops) stop()
  })
  const here = (): boolean => !gone && heading === own && router.currentRoute.value.path === own

  return {
    here,
    async to(path) {
      if (here()) await router.replace(path)
    },
    back(home) {
      if (!here()) return
      const state = window.history.state as { back?: string | null } | null
      if (state?.back) router.back()
      else void router.replace(home)
    },
    failed(why, form) {
      const { t } = i18n.global
      // Whoever opened the form anew meanwhile has its words before them.
      const again = router.currentRoute.value.path === own ? undefined : () => router.push(whole)
      const kept = notKept(screen)
      const gone = kept === null ? t('field.form.not_saved', { why, form }) : t('field.form.not_saved_lost', { why, form, kept })
      tell({ text: here() ? why : gone, bad: true, again: here() ? undefined : again })
    },
  }
}
