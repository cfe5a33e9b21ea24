// A list of what was published, page after page, and one of it opened: what notices and tasks have in common.
import { onMounted, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { refusalText } from './refusal'

/** How a list and its items are read. */
export type Source<Item, Page> = {
  list: (before: number | null) => Promise<{ items: Item[]; next: number | null }>
  one: (id: string) => Promise<Page>
}

/** The list, the opened item, and what went wrong. */
export function usePublished<Item, Page>(source: Source<Item, Page>) {
  const { t } = useI18n()
  const items = shallowRef<Item[] | null>(null)
  const next = ref<number | null>(null)
  const failed = ref<string | null>(null)
  const page = shallowRef<Page | null>(null)
  const opened = ref<string | null>(null)
  const openFailed = ref<string | null>(null)

  async function load(more = false): Promise<void> {
    try {
      const found = await source.list(more ? next.value : null)
      items.value = more ? [...(items.value ?? []), ...found.items] : found.items
      next.value = found.next
      failed.value = null
    } catch (error) {
      failed.value = refusalText(error, t)
    }
  }

  async function open(id: string | null): Promise<void> {
    opened.value = id
    page.value = null
    openFailed.value = null
    if (id === null) return
    try {
      const found = await source.one(id)
      if (opened.value === id) page.value = found
    } catch (error) {
      openFailed.value = refusalText(error, t)
    }
  }

  onMounted(() => load())
  return { items, next, failed, page, opened, openFailed, load, open }
}

/** What `usePublished` gives. */
export type Published<Item, Page> = ReturnType<typeof usePublished<Item, Page>>

/** Rows of cells summed by their village: what a county reads first. */
export function byVillage<Row extends { cell: string; place: string }>(rows: readonly Row[]): { code: string; name: string; rows: Row[] }[] {
  const villages = new Map<string, { code: string; name: string; rows: Row[] }>()
  for (const row of rows) {
    const code = row.cell.slice(0, 12)
    const village = villages.get(code) ?? { code, name: row.place.split(' ')[0] ?? code, rows: [] }
    village.rows.push(row)
    villages.set(code, village)
  }
  return [...villages.values()]
}
