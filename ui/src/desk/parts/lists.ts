// The code lists and places that the desk reads values by. Loaded once after sign-in, and again when a category is unknown.
import { computed, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Language } from '@shared/i18n'
import type { DeskLists } from '@shared/types/DeskLists'
import type { PlaceNode } from '@shared/types/PlaceNode'
import * as calls from '../api/calls'
import type { Reading } from '../record/values'

const lists = shallowRef<DeskLists | null>(null)
const places = shallowRef<PlaceNode[]>([])
const names = computed(() => {
  const found = new Map<string, string>()
  const walk = (nodes: PlaceNode[], above: string) => {
    for (const node of nodes) {
      const name = node.level === 'cell' ? `${above} ${node.name}` : node.name
      found.set(node.code, name)
      walk(node.children, node.name)
    }
  }
  walk(places.value, '')
  return found
})

/** Loads the lists if they are not there yet. */
export async function loadLists(): Promise<void> {
  lists.value ??= await calls.lists()
}

/** Loads the places with their counts. */
export async function loadPlaces(): Promise<void> {
  places.value = await calls.places()
}

/** The places of the own scope. */
export function usePlaces() {
  return { places, placeName: (code: string): string | null => names.value.get(code) ?? null }
}

/** What is needed to read values, in the language of the screen; the titles of referenced records are added per record. */
export function useReading() {
  const { t, locale } = useI18n()
  return computed<Reading>(() => ({
    language: locale.value as Language,
    codes: lists.value?.codes ?? {},
    lists: lists.value?.lists ?? null,
    refs: {},
    author: null,
    place: (code) => names.value.get(code) ?? null,
    yes: t('common.yes'),
    no: t('common.no'),
    comma: t('desk.value.comma'),
    people: {},
    checklist: null,
    say: (key, values) => t(`desk.value.${key}`, values ?? {}),
  }))
}
