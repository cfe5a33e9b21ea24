// The last decision, and the way back for ten seconds. It was written at once: a closed tab takes nothing with it, and what is
// taken back is taken back by a further review, which the server allows to the same account for a moment.
import { onScopeDispose } from 'vue'
import { useI18n } from 'vue-i18n'
import type { InboxItem } from '@shared/types/InboxItem'
import * as calls from '../api/calls'
import { refusalCode } from '../api/http'
import { hush, say } from '../shell/toasts'
import type { InboxState } from './inbox'

/** How long it is offered; the server allows a little more, for slow lines. */
export const OFFERED_MS = 10_000

/** What was decided. */
export type Decided = {
  /** What was done, in words. */
  text: string
  /** That it was taken back, in words. */
  undone: string
  /** The reviews that were written. */
  reviews: string[]
  /** The rows that left the list. */
  rows: InboxItem[]
  /** What else is to be as it was. */
  back: () => void
}

/** The way back from the last decision. */
export function useUndo(inbox: Pick<InboxState, 'putBack' | 'refresh'>) {
  const { t } = useI18n()
  let last: { decided: Decided; toast: number } | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Says what was done and offers the way back. */
  function offer(decided: Decided): void {
    clearTimeout(timer)
    if (decided.reviews.length === 0) {
      say(decided.text)
      return
    }
    const act = { label: t('desk.undo.act'), key: 'Z', lasts: OFFERED_MS, run: () => void take() }
    last = { decided, toast: say(decided.text, 'done', act) }
    timer = setTimeout(() => (last = null), OFFERED_MS)
  }

  /** Takes the last decision back; a second call finds nothing to take back. */
  async function take(): Promise<void> {
    if (!last) return
    const { decided, toast } = last
    last = null
    clearTimeout(timer)
    hush(toast)
    try {
      const { taken, left } = await calls.takeBack(decided.reviews)
      decided.back()
      inbox.putBack(decided.rows.filter((row) => taken.includes(row.id)))
      if (taken.length > 0) say(decided.undone)
      if (left.length > 0) say(t('desk.undo.left', { count: left.length }), 'problem')
    } catch (error) {
      const code = refusalCode(error)
      if (code !== 'signed_out') say(t(`desk.refusal.${code === 'unreachable' ? code : 'internal'}`), 'problem')
      void inbox.refresh()
    }
  }

  onScopeDispose(() => clearTimeout(timer))
  return { offer, take }
}
