// What a button does: one thing at a time, and whatever was refused is told.
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { say } from '../shell/toasts'
import { refusalText } from './refusal'

/** Does one thing at a time. What it throws goes to `refused`, and is told in passing where a page has no place of its own for it. */
export function useAct(refused?: (error: unknown) => void | Promise<void>) {
  const { t } = useI18n()
  const busy = ref(false)

  function tell(error: unknown): void {
    const text = refusalText(error, t)
    if (text) say(text, 'problem')
  }

  async function act(work: () => Promise<void>): Promise<void> {
    if (busy.value) return
    busy.value = true
    try {
      await work()
    } catch (error) {
      await (refused ?? tell)(error)
    } finally {
      busy.value = false
    }
  }

  return { busy, act }
}
