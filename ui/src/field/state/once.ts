// One tap, one record: an action that is under way is not started a second time.
import { computed, readonly, ref, type ComputedRef, type Ref } from 'vue'

/** Wraps an action so that a second call while the first runs does nothing. */
export function useOnce<Args extends unknown[]>(
  action: (...args: Args) => Promise<void>,
): { busy: Readonly<Ref<boolean>>; run: (...args: Args) => Promise<void> } {
  const busy = ref(false)
  const run = async (...args: Args): Promise<void> => {
    if (busy.value) return
    busy.value = true
    try {
      await action(...args)
    } finally {
      busy.value = false
    }
  }
  return { busy: readonly(busy), run }
}

/** Wraps an action whose calls each count: a second call waits until the first is done. */
export function useInTurn<Args extends unknown[]>(
  action: (...args: Args) => Promise<void>,
): { busy: ComputedRef<boolean>; run: (...args: Args) => Promise<void> } {
  const waiting = ref(0)
  let last: Promise<void> = Promise.resolve()
  const run = (...args: Args): Promise<void> => {
    waiting.value++
    const mine = last.then(() => action(...args)).finally(() => waiting.value--)
    last = mine.catch(() => undefined)
    return mine
  }
  return { busy: computed(() => waiting.value > 0), run }
}

const underWay = new Map<string, Promise<void>>()

/** Runs the action of that name; while it runs, whoever asks for it again waits for the same. */
export function oneAtATime(name: string, action: () => Promise<void>): Promise<void> {
  const running = underWay.get(name)
  if (running) return running
  const begun = action().finally(() => underWay.delete(name))
  underWay.set(name, begun)
  return begun
}
