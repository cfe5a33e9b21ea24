// Doing something again and again while the page is on the screen and in front: a roll-call that is watched, not one that is forgotten.
import { onMounted, onScopeDispose } from 'vue'

/** Runs `work` every so many milliseconds, never twice at a time, and not while the window is hidden. */
export function useEvery(millis: number, work: () => Promise<void>): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false
  const next = () => {
    if (!over) timer = setTimeout(turn, millis)
  }
  const turn = async () => {
    if (!document.hidden) await work()
    next()
  }
  onMounted(next)
  onScopeDispose(() => {
    over = true
    clearTimeout(timer)
  })
}
