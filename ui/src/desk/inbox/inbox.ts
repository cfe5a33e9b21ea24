// The inbox: what waits, loaded page by page, kept fresh without ever moving under the reviewer's eyes.
import { computed, onScopeDispose, reactive, ref, shallowRef, triggerRef, watch } from 'vue'
import type { Age } from '@shared/types/Age'
import type { AgeCount } from '@shared/types/AgeCount'
import type { Inbox } from '@shared/types/Inbox'
import type { InboxItem } from '@shared/types/InboxItem'
import type { Level } from '@shared/types/Level'
import * as calls from '../api/calls'
import { refusalCode, type RefusalCode } from '../api/http'
import { loadPlaces } from '../parts/lists'
import { samePhotos } from '../record/photos'
import { preferences } from '../shell/preferences'

/** How many rows a page has. */
export const PAGE = 60
/** How many can be approved in one go: what a person can answer for. */
export const MANY_MAX = 500
const REFRESH_MS = 5_000

/** What part of the inbox is shown. */
export type Filter = { place: string | null; kind: string | null; state: calls.Pile; age: Age | null; words: string }

const nameOf = (item: { id: string; version: string }) => `${item.id} ${item.version}`

/** The inbox, with the selection and the checked rows. */
export function useInbox() {
  const filter = reactive<Filter>({ place: null, kind: null, state: 'waiting', age: null, words: '' })
  const items = shallowRef<InboxItem[]>([])
  const total = ref(0)
  const byKind = shallowRef<{ [kind: string]: number }>({})
  const byAge = shallowRef<AgeCount[]>([])
  const level = ref<Level | null>(null)
  const atTown = ref(0)
  const phase = ref<'loading' | 'ready' | 'failed'>('loading')
  const failure = ref<RefusalCode | null>(null)
  const loadingMore = ref(false)
  const unreachable = ref(false)
  const selectedId = ref<string | null>(null)
  const checked = reactive(new Set<string>())
  const fresh = ref(0)

  let next: string | null = null
  let generation = 0
  // What was there when the list was loaded: anything else that the server names later is new to the reviewer.
  let seen = new Set<string>()
  let expected = 0
  let first = true

  /** The pile whose records this desk decides on: with two levels the town's comes after the community's. */
  const turn = computed<calls.Pile>(() => (level.value === 'town' ? 'at_town' : 'waiting'))
  /** Whether records of the shown pile can be approved here. */
  const decidable = computed(() => filter.state === turn.value || (level.value === null && filter.state === 'at_town'))

  const selected = computed(() => items.value.find((item) => item.id === selectedId.value) ?? null)
  const selectedIndex = computed(() => items.value.findIndex((item) => item.id === selectedId.value))
  const checkedItems = computed(() => items.value.filter((item) => checked.has(item.id)))

  function query(limit: number, after: string | null = null): calls.InboxQuery {
    return { ...filter, order: preferences.order, limit, after }
  }

  function takeCounts(page: Inbox): void {
    byKind.value = page.by_kind
    byAge.value = page.by_age
    level.value = page.level
    atTown.value = page.at_town
  }

  /** Loads the list from its start; `quietly` leaves the old one standing until the new one is there. */
  async function load(quietly = false): Promise<void> {
    const mine = ++generation
    if (!quietly) {
      phase.value = 'loading'
      items.value = []
      checked.clear()
    }
    try {
      const [page, newest] = await Promise.all([
        calls.inbox(query(Math.min(Math.max(items.value.length, PAGE), 200))),
        preferences.order === 'newest' ? null : calls.inbox({ ...query(PAGE), order: 'newest' }),
      ])
      if (mine !== generation) return
      items.value = page.items
      next = page.next
      total.value = expected = page.total
      takeCounts(page)
      // Somebody of the town begins with what the community has approved.
      if (first && turn.value !== filter.state) {
        first = false
        filter.state = turn.value
        return
      }
      first = false
      seen = new Set([...page.items, ...(newest?.items ?? [])].map(nameOf))
      fresh.value = 0
      failure.value = null
      unreachable.value = false
      phase.value = 'ready'
      if (!selected.value) selectedId.value = page.items[0]?.id ?? null
      for (const id of checked) if (!page.items.some((item) => item.id === id)) checked.delete(id)
    } catch (error) {
      if (mine !== generation) return
      failure.value = refusalCode(error)
      phase.value = quietly && items.value.length > 0 ? 'ready' : 'failed'
    }
    void loadPlaces().catch(() => {})
  }

  /** Loads the next page; gives whether there was one. */
  async function more(limit = PAGE): Promise<boolean> {
    if (next === null || loadingMore.value || phase.value !== 'ready') return false
    const mine = generation
    loadingMore.value = true
    try {
      const page = await calls.inbox(query(limit, next))
      if (mine !== generation) return false
      const here = new Set(items.value.map((item) => item.id))
      // A record that changed while we were reading may turn up a second time further down.
      items.value = [...items.value, ...page.items.filter((item) => !here.has(item.id))]
      page.items.forEach((item) => seen.add(nameOf(item)))
      next = page.next
      return true
    } catch {
      // The refresh says so when the server is gone; the list asks again when it is scrolled.
      return false
    } finally {
      loadingMore.value = false
    }
  }

  async function refresh(): Promise<void> {
    if (phase.value !== 'ready' || document.hidden) return
    const mine = generation
    try {
      const page = await calls.inbox({ ...query(PAGE), order: 'newest' })
      if (mine !== generation) return
      const moved = page.total !== total.value || page.items.some((item) => !seen.has(nameOf(item)))
      unreachable.value = false
      total.value = page.total
      takeCounts(page)
      takeNewVersions(page.items)
      await lookForPhotos(page.items)
      if (mine !== generation) return
      if (page.next === null) dropDecidedElsewhere(page.items)
      // What is found by words is not counted beyond the page.
      fresh.value = Math.max(countUnseen(page.items), filter.words === '' ? page.total - expected : 0)
      if (moved) await loadPlaces().catch(() => {})
    } catch (error) {
      if (mine === generation && refusalCode(error) === 'unreachable') unreachable.value = true
    }
  }

  /** How many rows of the newest page are new. Those behind the last known one only moved up as others left. */
  function countUnseen(page: InboxItem[]): number {
    const lastKnown = page.map((item) => seen.has(nameOf(item))).lastIndexOf(true)
    if (lastKnown < 0) return page.length
    page.slice(lastKnown + 1).forEach((item) => seen.add(nameOf(item)))
    return page.filter((item) => !seen.has(nameOf(item))).length
  }

  /** A row whose record changed shows its present state where it stands. */
  function takeNewVersions(page: InboxItem[]): void {
    const now = new Map(page.map((item) => [item.id, item]))
    items.value.forEach((item, index) => {
      const present = now.get(item.id)
      if (!present || present.version === item.version) {
        // Photos arrive without a new version.
        if (present && !samePhotos(present.photos, item.photos)) items.value[index] = present
        return
      }
      items.value[index] = present
      seen.add(nameOf(present))
      // What was checked was the earlier version.
      checked.delete(item.id)
    })
    triggerRef(items)
  }

  /** The row that is looked at may stand behind the newest page: its photos are asked for by themselves. All may be here, and one more
   * be on its way. */
  async function lookForPhotos(page: readonly InboxItem[]): Promise<void> {
    const { id, photos } = selected.value ?? { id: null, photos: null }
    if (id === null || page.some((item) => item.id === id)) return
    const present = await calls.photosOf(id).catch(() => photos)
    if (samePhotos(present, photos)) return
    items.value = items.value.map((item) => (item.id === id ? { ...item, photos: present } : item))
  }

  /** What a colleague decided meanwhile leaves the list, except the row that is being looked at. */
  function dropDecidedElsewhere(page: InboxItem[]): void {
    const now = new Set(page.map((item) => item.id))
    const gone = items.value.filter((item) => !now.has(item.id) && item.id !== selectedId.value)
    if (gone.length === 0) return
    gone.forEach((item) => checked.delete(item.id))
    items.value = items.value.filter((item) => !gone.includes(item))
    expected -= gone.length
  }

  /** Takes decided rows out and selects what follows; gives the rows, to put them back. */
  function takeOut(ids: readonly string[]): InboxItem[] {
    const out = new Set(ids)
    const from = selectedIndex.value
    const following = items.value.slice(from + 1).find((item) => !out.has(item.id))
    const before = items.value.slice(0, Math.max(from, 0)).reverse().find((item) => !out.has(item.id))
    const kinds = { ...byKind.value }
    const taken: InboxItem[] = []
    for (const item of items.value) {
      if (!out.has(item.id)) continue
      checked.delete(item.id)
      kinds[item.kind] = Math.max((kinds[item.kind] ?? 0) - 1, 0)
      taken.push(item)
    }
    const count = taken.length
    items.value = items.value.filter((item) => !out.has(item.id))
    byKind.value = kinds
    total.value = Math.max(total.value - count, 0)
    expected -= count
    if (selectedId.value !== null && out.has(selectedId.value)) selectedId.value = (following ?? before)?.id ?? null
    if (items.value.length < PAGE / 2) void more()
    void loadPlaces().catch(() => {})
    return taken
  }

  /** Puts rows back where they stood in the order of the list, and selects the first of them. */
  function putBack(rows: readonly InboxItem[]): void {
    const here = new Set(items.value.map((item) => item.id))
    const missing = rows.filter((item) => !here.has(item.id))
    const sign = preferences.order === 'newest' ? -1 : 1
    items.value = [...items.value, ...missing].sort((a, b) => sign * (a.changed_at - b.changed_at || (a.id < b.id ? -1 : 1)))
    const kinds = { ...byKind.value }
    for (const item of missing) kinds[item.kind] = (kinds[item.kind] ?? 0) + 1
    byKind.value = kinds
    total.value += missing.length
    expected += missing.length
    if (rows[0]) selectedId.value = rows[0].id
    void loadPlaces().catch(() => {})
  }

  /** Moves the selection by rows. */
  function move(by: number): void {
    const last = items.value.length - 1
    if (last < 0) return
    const index = Math.min(Math.max(selectedIndex.value + by, 0), last)
    selectedId.value = items.value[index]?.id ?? null
  }

  /** Checks or unchecks a row. */
  function toggle(id: string): void {
    if (!checked.delete(id) && checked.size < MANY_MAX) checked.add(id)
  }

  /** Checks every row with a low-risk change, also those that are not loaded yet; gives how many. */
  async function checkLowRisk(): Promise<number> {
    while (items.value.length < MANY_MAX && (await more(200))) {
      // Reading on until the end, or until there are more than anybody can answer for.
    }
    checked.clear()
    for (const item of items.value) if (item.low_risk && checked.size < MANY_MAX) checked.add(item.id)
    return checked.size
  }

  watch([() => ({ ...filter }), () => preferences.order], () => {
    selectedId.value = null
    void load()
  })
  const timer = setInterval(() => void refresh(), REFRESH_MS)
  onScopeDispose(() => {
    clearInterval(timer)
    generation++
  })

  return {
    filter,
    items,
    total,
    byKind,
    byAge,
    level,
    atTown,
    turn,
    decidable,
    phase,
    failure,
    loadingMore,
    unreachable,
    selectedId,
    selected,
    selectedIndex,
    checked,
    checkedItems,
    fresh,
    load,
    more,
    refresh,
    takeOut,
    putBack,
    move,
    toggle,
    checkLowRisk,
  }
}

/** What {@link useInbox} gives. */
export type InboxState = ReturnType<typeof useInbox>
