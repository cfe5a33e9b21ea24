// What stands in an unfinished form, kept by the device with every change, so that a crash costs nothing.
import { getCurrentScope, onScopeDispose, readonly, shallowRef, type EffectScope } from 'vue'
import { call } from '@shared/bridge'
import { tell } from '../shell/notice'
import { i18n } from './app'
import { whyOf } from './why'

/** How long typing may go on before it is written down, milliseconds. */
const QUIET_MS = 250
/** After so long what could not be kept is tried again, milliseconds. */
const RETRY_MS = 5000

/** One form's draft. */
export interface DraftKeeper<T> {
  /** What was left from an earlier time. */
  read(): Promise<T | null>
  /** Writes down soon; a later value replaces an earlier one. */
  keep(value: T): void
  /** Writes down now and waits until it is durable, or turned out not to be. */
  flush(): Promise<void>
  /** The form is finished: forgets it. Nothing kept later counts. */
  drop(): Promise<void>
  /** Somebody else took the draft over: nothing kept later counts, and nothing is forgotten. */
  close(): void
}

/** Why the words of open forms cannot be kept, by form. */
const standing = new Map<symbol, string>()
const shown = shallowRef<string | null>(null)

/** Why what stands in the open form cannot be kept; none: it is kept. */
export const unkept = readonly(shown)

function stand(form: symbol, why: string | null): void {
  if (why === null) standing.delete(form)
  else standing.set(form, why)
  shown.value = [...standing.values()][0] ?? null
}

/** What the forms of a screen say of their drafts: why the last words could not be kept, or nothing. */
const formsOf = new WeakMap<EffectScope, (() => string | null)[]>()

/** Why the words of a screen's form could not be kept; null: they are. */
export function notKept(screen: EffectScope | undefined): string | null {
  const forms = screen ? (formsOf.get(screen) ?? []) : []
  return forms.map((form) => form()).find((why) => why !== null) ?? null
}

/** The keeper of the draft named `key`. Leaving the screen writes down what is still waiting. */
export function useDraft<T>(key: string): DraftKeeper<T> {
  const form = Symbol(key)
  const screen = getCurrentScope()
  let timer: number | null = null
  let pending: { value: T } | null = null
  let dropped = false
  let left = false
  let failed: string | null = null
  // Writes go one after the other, so that an older value can never land after a newer one, nor any after the drop.
  let queue: Promise<unknown> = Promise.resolve()

  const stopTimer = (): void => {
    if (timer !== null) window.clearTimeout(timer)
    timer = null
  }
  const turnOut = (why: string | null): void => {
    failed = why
    stand(form, left || dropped ? null : why)
  }
  const put = async (waiting: { value: T }): Promise<void> => {
    try {
      await call('save_draft', { key, value: waiting.value })
      turnOut(null)
    } catch (reason) {
      if (dropped) return
      turnOut(whyOf(reason))
      // Nothing newer waits: this is what there is to keep, once there is room.
      pending ??= waiting
      if (!left) timer ??= window.setTimeout(() => void write(), RETRY_MS)
    }
  }
  const write = (): Promise<void> => {
    stopTimer()
    const waiting = pending
    pending = null
    if (waiting && !dropped) queue = queue.then(() => put(waiting))
    return queue.then(() => undefined)
  }
  const leave = async (): Promise<void> => {
    left = true
    stand(form, null)
    await write()
    if (failed !== null && !dropped) tell({ text: i18n.global.t('field.form.lost', { why: failed }), bad: true })
  }
  if (screen) {
    formsOf.set(screen, [...(formsOf.get(screen) ?? []), () => failed])
    onScopeDispose(() => void leave())
  }

  const close = (): void => {
    dropped = true
    pending = null
    stopTimer()
    turnOut(null)
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
