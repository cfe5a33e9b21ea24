// One tap, one record: an action that is under way is not started a second time.
import { readonly, ref, type Ref } from 'vue'

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
