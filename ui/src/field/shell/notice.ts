// A short word after an action, with its way back: shown for some seconds above the tabs.
import { readonly, shallowRef } from 'vue'

/** How long a notice stays, milliseconds. */
const SHOWN_MS = 2500
/** How long it stays with a way back or with bad news: the time to think again. */
const THINK_MS = 5000
/** How long it stays when it comes unexpected and leads elsewhere: the time to read two sentences in the middle of something else. */
const READ_MS = 12_000

/** A notice. */
export interface Notice {
  /** What happened. */
  text: string
  /** Whether it went wrong. */
  bad?: boolean
  /** Takes the action back. */
  undo?: () => Promise<void>
  /** Opens the form again that was not saved. */
  again?: () => Promise<unknown>
}

const shown = shallowRef<Notice | null>(null)
let timer = 0

/** The notice on screen. */
export const notice = readonly(shown)

/** Shows a notice; an earlier one gives way. */
export function tell(next: Notice): void {
  window.clearTimeout(timer)
  shown.value = next
  timer = window.setTimeout(() => (shown.value = null), next.again ? READ_MS : next.undo || next.bad ? THINK_MS : SHOWN_MS)
}

/** Takes bad news away: the worker went on to something else. */
export function untellBad(): void {
  if (shown.value?.bad) untell()
}

/** Takes the notice away. */
export function untell(): void {
  window.clearTimeout(timer)
  shown.value = null
}
