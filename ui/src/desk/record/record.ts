// The record under the reviewer's eyes: loaded when it is selected, kept for a moment, and never swapped without saying so.
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { DeskRecord } from '@shared/types/DeskRecord'
import type { InboxItem } from '@shared/types/InboxItem'
import * as calls from '../api/calls'
import type { Pile } from '../api/calls'
import { isAborted, refusalCode, type RefusalCode } from '../api/http'
import { countOf, samePhotos } from './photos'

const KEPT = 40
/** Somebody who holds `j` passes many rows: only where they rest is loaded. */
const REST_MS = 70

/**
 * The record of the selected row. Nothing is loaded in advance: the server notes who looked at which record, and what nobody
 * looked at must not stand in that log.
 */
export function useRecord(selected: Ref<InboxItem | null>, pile: () => Pile) {
  const page = shallowRef<DeskRecord | null>(null)
  const phase = ref<'none' | 'loading' | 'ready' | 'failed'>('none')
  const failure = ref<RefusalCode | null>(null)
  /** The record on the screen is not the present one any more. */
  const overtaken = ref(false)

  const kept = new Map<string, DeskRecord>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: AbortController | null = null

  function keep(record: DeskRecord): void {
    kept.delete(record.record.id)
    kept.set(record.record.id, record)
    const oldest = kept.keys().next().value
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest)
  }

  async function fetchNow(id: string): Promise<void> {
    running?.abort()
    const mine = (running = new AbortController())
    try {
      const record = await calls.record(id, mine.signal)
      if (mine.signal.aborted) return
      keep(record)
      page.value = record
      phase.value = 'ready'
      failure.value = null
      overtaken.value = false
    } catch (error) {
      if (mine.signal.aborted || isAborted(error)) return
      failure.value = refusalCode(error)
      phase.value = 'failed'
    }
  }

  /** What is kept of a row, if it is still what the server would say. */
  function stillTrue(item: InboxItem): DeskRecord | null {
    const known = kept.get(item.id)
    if (!known || known.version !== item.version || known.review.state !== pile()) return null
    return samePhotos(countOf(known), item.photos) ? known : null
  }

  /** More photos are known than the page shows, or more of them have arrived: they simply appear, and nothing that was read changes. */
  async function showPhotos(id: string): Promise<void> {
    const present = await calls.record(id).catch(() => null)
    if (!present) return
    keep(present)
    const shown = page.value
    if (shown?.record.id === id && shown.version === present.version) page.value = { ...shown, photos: present.photos }
  }

  function show(item: InboxItem | null): void {
    clearTimeout(timer)
    running?.abort()
    failure.value = null
    overtaken.value = false
    if (!item) {
      page.value = null
      phase.value = 'none'
      return
    }
    const known = stillTrue(item)
    if (known) {
      page.value = known
      phase.value = 'ready'
      return
    }
    phase.value = 'loading'
    timer = setTimeout(() => void fetchNow(item.id), REST_MS)
  }

  /** Loads it with names and numbers in full; the server notes the reason before it answers. */
  async function look(reason: string): Promise<void> {
    const id = page.value?.record.id
    if (!id) return
    const full = await calls.look(id, reason)
    // Nothing of it is kept: whoever comes back sees it masked again.
    if (page.value?.record.id === id) page.value = full
  }

  /** Loads the present state. */
  async function reload(): Promise<void> {
    const id = selected.value?.id ?? page.value?.record.id
    if (id) await fetchNow(id)
  }

  watch(
    selected,
    (item, before) => {
      if (item?.id !== before?.id) show(item)
      else if (item && page.value?.record.id === item.id) {
        if (page.value.version !== item.version) overtaken.value = true
        else if (!samePhotos(countOf(page.value), item.photos)) void showPhotos(item.id)
      }
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    clearTimeout(timer)
    running?.abort()
  })

  return { page, phase, failure, overtaken, reload, look }
}
