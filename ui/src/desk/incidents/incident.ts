// The incident that is open: read, acted on, and what somebody else did meanwhile.
import { onBeforeUnmount, ref, shallowRef, watch } from 'vue'
import type { DeskIncident } from '@shared/types/DeskIncident'
import type { ToldStep } from '@shared/types/ToldStep'
import { isAborted, refusalCode, type RefusalCode } from '../api/http'
import * as calls from './calls'

/** How often the page looks whether somebody else has done something. */
const LOOK_EVERY_MS = 20_000

/** What became of an act. */
export type Outcome = 'done' | 'gone' | 'overtaken' | RefusalCode

/** One incident. `held`: a sheet is open on what the page says, and nothing moves under it until it is closed. */
export function useIncident(id: string, held: () => boolean) {
  const page = shallowRef<DeskIncident | null>(null)
  const phase = ref<'loading' | 'ready' | 'failed'>('loading')
  const failure = ref<RefusalCode>('internal')
  const busy = ref(false)
  /** What others did since the page was read, told once. */
  const news = shallowRef<ToldStep[]>([])
  const running = new AbortController()

  function take(read: DeskIncident, own: boolean): void {
    const known = new Set(page.value?.progress.steps.map((step) => step.id))
    news.value = page.value && !own ? read.progress.steps.filter((step) => !known.has(step.id)) : []
    page.value = read
    phase.value = 'ready'
  }

  /** Reads it anew; under an open sheet only when somebody was faster than its step. */
  async function load(overtaken = false): Promise<void> {
    try {
      const read = await calls.incident(id, running.signal)
      if (!busy.value && (overtaken || !held()) && read.seen !== page.value?.seen) take(read, false)
      phase.value = 'ready'
    } catch (error) {
      if (isAborted(error) || running.signal.aborted) return
      failure.value = refusalCode(error)
      if (page.value === null || failure.value === 'not_found') phase.value = 'failed'
    }
  }

  /** Does something; when somebody was faster, the present state is read and what happened is told. */
  async function act(call: () => Promise<DeskIncident | null>): Promise<Outcome> {
    if (!page.value || busy.value) return 'stale'
    busy.value = true
    try {
      const after = await call()
      if (after === null) return 'gone'
      take(after, true)
      return 'done'
    } catch (error) {
      const code = refusalCode(error)
      if (code !== 'stale') return code
      busy.value = false
      await load(true)
      return 'overtaken'
    } finally {
      busy.value = false
    }
  }

  const timer = setInterval(() => document.visibilityState === 'visible' && void load(), LOOK_EVERY_MS)
  watch(held, (now) => !now && void load())
  onBeforeUnmount(() => {
    clearInterval(timer)
    running.abort()
  })
  return { page, phase, failure, busy, news, load, act }
}
