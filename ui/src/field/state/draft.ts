// What stands in an unfinished form, kept by the device with every change, so that a crash costs nothing.
import { getCurrentScope, onScopeDispose } from 'vue'
import { call } from '@shared/bridge'

/** How long typing may go on before it is written down, milliseconds. */
const QUIET_MS = 250

/** One form's draft. */
export interface DraftKeeper<T> {
  /** What was left from an earlier time. */
  read(): Promise<T | null>
  /** Writes down soon; a later value replaces an earlier one. */
  keep(value: T): void
  /** Writes down now and waits until it is durable. */
  flush(): Promise<void>
  /** The form is finished: forgets it. Nothing kept later counts. */
  drop(): Promise<void>
  /** Somebody else took the draft over: nothing kept later counts, and nothing is forgotten. */
  close(): void
}

/** The keeper of the draft named `key`. Leaving the screen writes down what is still waiting. */
export function useDraft<T>(key: string): DraftKeeper<T> {
  let timer: number | null = null
  let pending: { value: T } | null = null
  let dropped = false
  // Writes go one after the other, so that an older value can never land after a newer one, nor any after the drop.
  let queue: Promise<unknown> = Promise.resolve()

  const write = (): Promise<void> => {
    if (timer !== null) window.clearTimeout(timer)
    timer = null
    const waiting = pending
    pending = null
    if (waiting && !dropped) {
      queue = queue.then(() => call('save_draft', { key, value: waiting.value })).catch(() => undefined)
    }
    return queue.then(() => undefined)
  }
  if (getCurrentScope()) onScopeDispose(() => void write())

  const close = (): void => {
    dropped = true
    pending = null
    if (timer !== null) window.clearTimeout(timer)
    timer = null
  }

  return {
    async read() {
      const draft = await call('draft', { key })
      return draft ? (draft.value as T) : null
    },
    keep(value) {
      if (dropped) return
      pending = { value }
      timer ??= window.setTimeout(() => void write(), QUIET_MS)
    },
    flush: write,
    close,
    drop() {
      close()
      queue = queue.then(() => call('drop_draft', { key })).catch(() => undefined)
      return queue.then(() => undefined)
    },
  }
}
