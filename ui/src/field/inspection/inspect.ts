// An inspection on its way: the unfinished form and its photos are drafts until the inspection and every photo are stored.
//
// A kill at any moment loses nothing and stores nothing twice: an inspection that says exactly the same is recognised by the device.
import { call, callWithBytes, failureOf } from '@shared/bridge'
import type { Checklist } from '@shared/types/Checklist'
import type { ChecklistItem } from '@shared/types/ChecklistItem'
import { dropPhoto, readPhoto, sweepPhotos } from '../photo/kept'
import { tell } from '../shell/notice'
import { appState, i18n } from '../state/app'
import { checklists } from '../state/lists'
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
const STORED_PREFIX = 'inspection-stored:'
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
  const waiting: Waiting[] = Object.entries(form.photos).flatMap(([item, keys]) =>
    keys.map((key) => ({ key, item, note: item ? `${item} ${form.hazards[item]?.text || checklist.items.find((each) => each.id === item)?.text_zh || ''}`.slice(0, 100) : null })),
  )
  await call('save_draft', { key: STORED_PREFIX + id, value: waiting })
  await call('drop_draft', { key: formKey(place, checklist.code) })
  void storePhotos(id).catch(() => undefined)
  return id
}

/** Inspections whose photos are being stored now: nobody stores them a second time meanwhile. */
const underWay = new Set<string>()

/** Stores the photos of a stored inspection, those that are not stored yet. */
async function storePhotos(inspection: string): Promise<void> {
  if (underWay.has(inspection)) return
  underWay.add(inspection)
  try {
    await storeWaiting(inspection)
  } finally {
    underWay.delete(inspection)
  }
}

async function storeWaiting(inspection: string): Promise<void> {
  const key = STORED_PREFIX + inspection
  const draft = await call('draft', { key })
  if (!draft) return
  const waiting = draft.value as Waiting[]
  // Photos are stored in order, so as many as there are on the page are done, also when the note of the last one was not taken any more.
  const done = (await call('inspection', { id: inspection })).photos.length
  for (const [index, photo] of waiting.entries()) {
    if (index >= done && !(await storePhoto(inspection, photo))) return
    await dropPhoto(photo.key)
  }
  await call('drop_draft', { key })
  await refreshSync()
}

async function storePhoto(subject: string, photo: Waiting): Promise<boolean> {
  const { t } = i18n.global
  const bytes = await readPhoto(photo.key)
  if (!bytes) return true
  try {
    await callWithBytes('add_photo', { subject, subject_kind: 'inspection', photo_kind: 'before', note: photo.note }, bytes)
    return true
  } catch (reason) {
    const { code } = failureOf(reason)
    tell({ text: t(`common.failure.${code}`), bad: true })
    return code === 'not_an_image' || code === 'invalid'
  }
}

let resumed: Promise<void> | null = null

/** Finishes the photos that an earlier run of the app left half-way. Once a run; later calls wait for the first. */
export function resumeInspections(): Promise<void> {
  resumed ??= resume().catch(() => undefined)
  return resumed
}

async function resume(): Promise<void> {
  for (const { key } of await call('drafts', {})) {
    // One whose inspection was refused meanwhile waits until that is corrected, and holds up no other.
    if (key.startsWith(STORED_PREFIX)) await storePhotos(key.slice(STORED_PREFIX.length)).catch(() => undefined)
  }
  await sweepPhotos(await namedPhotos(), PHOTO_PREFIX)
}

/** The photos that an unfinished form or a stored inspection still waits for. */
async function namedPhotos(): Promise<Set<string>> {
  const named = new Set<string>()
  for (const { key } of await call('drafts', {})) {
    const stored = key.startsWith(STORED_PREFIX)
    if (!stored && !key.startsWith(FORM_PREFIX)) continue
    const value = (await call('draft', { key }))?.value
    const keys = stored ? ((value ?? []) as Waiting[]).map((photo) => photo.key) : Object.values((value as Unfinished | undefined)?.photos ?? {}).flat()
    for (const photo of keys) named.add(photo)
  }
  return named
}
