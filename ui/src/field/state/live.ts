// What a screen shows of the register: read when it opens, and read again whenever something stored changed or another day began.
import { onActivated, onDeactivated, onScopeDispose, readonly, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { CallFailed } from '@shared/bridge'
import { foundLocked } from './app'
import { syncState } from '../sync/state'
import { presentDay } from './today'

/** A screen's reading of the register. */
export interface Live<T> {
  /** The latest answer; kept on screen while a newer one is asked for. */
  data: Readonly<ShallowRef<T | null>>
  /** The code of the failure when there is nothing to show. */
  failed: Readonly<Ref<string | null>>
  /** Asks again. */
  reload: () => Promise<void>
}

/** Keeps `load`'s answer fresh while the screen is in use. It also asks again when what `load` depends on (`source`) changes. */
export function useLive<T>(load: () => Promise<T>, source: () => unknown = () => null): Live<T> {
  const data = shallowRef<T | null>(null)
  const failed = ref<string | null>(null)
  let latest = 0
  let active = true
  let stale = false

  const reload = async (): Promise<void> => {
    const mine = ++latest
    stale = false
    try {
      const answer = await load()
      // An older question may be answered later than a newer one.
      if (mine !== latest) return
      data.value = answer
      failed.value = null
    } catch (reason) {
      if (mine !== latest) return
      const code = reason instanceof CallFailed ? reason.failure.code : 'host'
      if (code === 'locked') foundLocked()
      failed.value = code
      if (code === 'not_found') data.value = null
    }
  }
  const refresh = (): void => {
    if (active) void reload()
    else stale = true
  }
  watch([() => syncState.generation, presentDay], refresh)
  watch(source, () => {
    data.value = null
    refresh()
  })
  onActivated(() => {
    active = true
    if (stale) void reload()
  })
  onDeactivated(() => {
    active = false
  })
  onScopeDispose(() => {
    latest = -1
  })
  void reload()
  return { data, failed: readonly(failed), reload }
}
