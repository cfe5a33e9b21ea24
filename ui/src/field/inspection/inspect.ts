// An inspection on its way: the unfinished form and its photos are drafts until the inspection and every photo are stored.
//
// A kill at any moment loses nothing and stores nothing twice: an inspection that says exactly the same is recognised by the device.
import { call } from '@shared/bridge'
import type { Checklist } from '@shared/types/Checklist'
import type { ChecklistItem } from '@shared/types/ChecklistItem'
import { sweepPhotos } from '../photo/kept'
import { storeWaiting, type PhotosLeft } from '../photo/waiting'
import { appState } from '../state/app'
import { checklists } from '../state/lists'
import { oneAtATime } from '../state/once'
import { refreshSync } from '../sync/state'
import { proposedHazard, type Unfinished } from './form'

/** A photo of a stored inspection that is not stored yet. */
interface Waiting {
  key: string
  item: string
  note: string | null
}

/** Kept photos of inspections, apart from those of reports. */
export const PHOTO_PREFIX = 'inspection-photo:'
/** The device's word: it counts the photos of these drafts among those that wait, and removes nothing under them. */
export const STORED_PREFIX = 'inspection-stored:'
const FORM_PREFIX = 'inspect:'

/** The key of the unfinished form of a checklist at a place. */
export function formKey(place: string, checklist: string): string {
  return `${FORM_PREFIX}${place}:${checklist}`
}

/** An item's or checklist's words in the language of the screen. */
export function itemText(item: ChecklistItem): string {
  return appState.preferences.language === 'zh' || !item.text_en ? item.text_zh : item.text_en
}

/** A checklist's name in the language of the screen. */
export function nameOfList(checklist: Checklist): string {
  return appState.preferences.language === 'zh' || !checklist.title_en ? checklist.title_zh : checklist.title_en
}

/** What the checklist of that code is called; one that the county dropped is called by its code. */
export function checklistName(code: string): string {
  const checklist = checklists().find((each) => each.code === code)
  return checklist ? nameOfList(checklist) : code
}

/** Stores the inspection and then its photos. Answers its id; rejects when it was not stored. */
export async function storeInspection(place: string, checklist: Checklist, form: Unfinished, proposedDue: readonly string[]): Promise<string> {
  const bad = checklist.items.filter((item) => form.answers[item.id] === 'bad')
  const { id } = await call('record_inspection', {
    subject: place,
    checklist: checklist.code,
    answers: form.answers,
    facts: Object.fromEntries(Object.entries(form.facts).filter(([, text]) => text.trim() !== '')),
    hazards: bad.map((item) => form.hazards[item.id] ?? proposedHazard(item, proposedDue)),
    note: form.note.trim() || null,
  })
  const photos: Waiting[] = Object.entries(form.photos).flatMap(([item, keys]) =>
    keys.map((key) => ({ key, item, note: item ? `${item} ${form.hazards[item]?.text || checklist.items.find((each) => each.id === item)?.text_zh || ''}`.slice(0, 100) : null })),
  )
  await call('save_draft', { key: STORED_PREFIX + id, value: { photos } })
  await call('drop_draft', { key: formKey(place, checklist.code) })
  void storePhotos(id).catch(() => undefined)
  return id
}

/** Stores the photos of a stored inspection, those that are not stored yet. */
export function storePhotos(inspection: string): Promise<void> {
  return oneAtATime(STORED_PREFIX + inspection, () => storeRest(inspection))
}

async function storeRest(inspection: string): Promise<void> {
  const rest = await restOf(inspection)
  if (!rest) return
  const done = await storeWaiting<Waiting, PhotosLeft<Waiting>>({
    of: inspection,
    draft: STORED_PREFIX + inspection,
    rest,
    there: async () => (await call('inspection', { id: inspection })).photos,
    as: ({ note }) => ({ subject: inspection, subject_kind: 'inspection', photo_kind: 'before', note }),
  })
  if (done) await call('drop_draft', { key: STORED_PREFIX + inspection })
  await refreshSync()
}

async function restOf(inspection: string): Promise<PhotosLeft<Waiting> | null> {
  const draft = await call('draft', { key: STORED_PREFIX + inspection })
  if (!draft) return null
  // An earlier version noted the photos and nothing around them.
  return Array.isArray(draft.value) ? { photos: draft.value as Waiting[] } : (draft.value as PhotosLeft<Waiting>)
}

let swept: Promise<void> | null = null

/** Sweeps away what an earlier run of the app left of photos that nothing names. Once a run; later calls wait for the first. */
export function sweepInspections(): Promise<void> {
  swept ??= namedPhotos()
    .then((named) => sweepPhotos(named, PHOTO_PREFIX))
    .catch(() => void (swept = null))
  return swept
}

/** Goes on with the photos that stored inspections still wait for. */
export async function goOnWithInspections(): Promise<void> {
  await sweepInspections()
  await storeAll().catch(() => undefined)
}

async function storeAll(): Promise<void> {
  for (const { key } of await call('drafts', {})) {
    // One whose inspection was refused meanwhile waits until that is corrected, and holds up no other.
    if (key.startsWith(STORED_PREFIX)) await storePhotos(key.slice(STORED_PREFIX.length)).catch(() => undefined)
  }
}

/** The photos that an unfinished form or a stored inspection still waits for. */
async function namedPhotos(): Promise<Set<string>> {
  const named = new Set<string>()
  for (const { key } of await call('drafts', {})) {
    let keys: string[] = []
    if (key.startsWith(STORED_PREFIX)) keys = ((await restOf(key.slice(STORED_PREFIX.length)))?.photos ?? []).map((photo) => photo.key)
    if (key.startsWith(FORM_PREFIX)) keys = Object.values(((await call('draft', { key }))?.value as Unfinished | undefined)?.photos ?? {}).flat()
    for (const photo of keys) named.add(photo)
  }
  return named
}
