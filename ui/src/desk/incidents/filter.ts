// What is filtered stands in the address: it can be sent to a colleague, and going back leads to it.
import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { Words } from './calls'

/** The filters, by their names in the address. */
export const FILTERS = ['place', 'stage', 'over', 'severity', 'category', 'department', 'overdue', 'placed', 'text', 'order'] as const

/** A filter's name. */
export type Filter = (typeof FILTERS)[number]

const word = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** The filters of the address, and how to change them. */
export function useFilter() {
  const route = useRoute()
  const router = useRouter()
  const words = computed<Words>(() => Object.fromEntries(FILTERS.map((name) => [name, word(route.query[name])])))

  /** Changes words of the address; an empty one is taken out. */
  function set(changes: { [name: string]: string | null }, keep = false): void {
    const query = { ...route.query, ...changes }
    const said = Object.fromEntries(Object.entries(query).filter(([, value]) => word(value) !== null))
    void (keep ? router.push({ query: said }) : router.replace({ query: said }))
  }

  return {
    words,
    set,
    /** How it is shown. */
    view: computed(() => (route.query.view === 'board' || route.query.view === 'map' ? route.query.view : 'list')),
    /** The incident that is open. */
    open: computed(() => word(route.query.id)),
    /** Whether anything is filtered. */
    isFiltered: computed(() => FILTERS.some((name) => name !== 'order' && words.value[name])),
    clear: () => set(Object.fromEntries(FILTERS.map((name) => [name, null]))),
  }
}
