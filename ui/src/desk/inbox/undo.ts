// The decisions of the last ten seconds, and the way back. Each was written at once: a closed tab takes nothing with it, and what is
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

/** The ways back from the decisions of the last ten seconds, the latest first by key, each by its own button. */
export function useUndo(inbox: Pick<InboxState, 'putBack' | 'refresh'>) {
  const { t } = useI18n()
  type Open = { decided: Decided; toast: number; timer: ReturnType<typeof setTimeout> }
  let open: Open[] = []

  /** Says what was done and offers the way back. */
  function offer(decided: Decided): void {
    if (decided.reviews.length === 0) {
      say(decided.text)
      return
    }
    const act = { label: t('desk.undo.act'), key: 'Z', lasts: OFFERED_MS, run: () => void take(entry) }
    const entry: Open = { decided, toast: say(decided.text, 'done', act), timer: setTimeout(() => close(entry), OFFERED_MS) }
    open.push(entry)
  }

  function close(entry: Open): boolean {
    clearTimeout(entry.timer)
    const there = open.includes(entry)
    open = open.filter((one) => one !== entry)
    return there
  }

  /** Takes a decision back, the last one unless another is named; a second call finds nothing to take back. */
  async function take(entry = open.at(-1)): Promise<void> {
    if (!entry || !close(entry)) return
    const { decided, toast } = entry
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

  onScopeDispose(() => open.forEach((entry) => clearTimeout(entry.timer)))
  return { offer, take: () => take() }
}
