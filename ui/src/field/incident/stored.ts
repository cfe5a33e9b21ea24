// What follows a stored incident or step: its photos, and the step of an incident that was solved on the spot.
//
// The record is stored first; what follows is noted in a draft with the record's id and done piece by piece. A kill at any moment
// loses nothing and stores nothing twice.
import { call, callWithBytes, failureOf } from '@shared/bridge'
import { tell } from '../shell/notice'
import { i18n } from '../state/app'
import { refreshSync } from '../sync/state'
import { dropPhoto, readPhoto } from '../photo/kept'
import { checkKey, emptyCheck } from './words'

const PREFIX = 'report-stored:'

/** A kept photo, and what it shows. */
export interface Following {
  key: string
  kind: string
}

/** What is still to be done for a stored record. */
export interface Rest {
  /** The incident. */
  incident: string
  /** The step that the photos belong to; none: the incident itself. */
  step: string | null
  photos: Following[]
  /** How it was solved on the spot; none when it was not. */
  solution: string | null
}

/** Notes what is to be done once `subject` is stored, and forgets the form that it stood in. */
export async function handOver(subject: string, rest: Rest, form: string): Promise<void> {
  await call('save_draft', { key: PREFIX + subject, value: rest })
  await call('drop_draft', { key: form })
}

/** Whether the rest of a record was noted. */
export async function isHandedOver(subject: string): Promise<boolean> {
  return (await call('draft', { key: PREFIX + subject })) !== null
}

async function restOf(subject: string): Promise<Rest | null> {
  const draft = await call('draft', { key: PREFIX + subject })
  if (!draft) return null
  // An earlier version noted the keys of an incident's photos and nothing else.
  if (Array.isArray(draft.value)) {
    return { incident: subject, step: null, photos: (draft.value as string[]).map((key) => ({ key, kind: 'scene' })), solution: null }
  }
  return draft.value as Rest
}

/** Does what is left to do for a stored record. */
export async function finish(subject: string): Promise<void> {
  const rest = await restOf(subject)
  if (!rest) return
  const page = await call('incident', { id: rest.incident })
  if (rest.solution !== null && page.progress.steps.every((step) => step.action !== 'solve')) await solve(rest.incident, rest.solution)
  // Photos are stored in order, so as many as the record has are done, also when the note of the last one was not taken any more.
  const done = (rest.step ? (page.step_photos[rest.step] ?? []) : page.photos).length
  for (const [index, photo] of rest.photos.entries()) {
    if (index >= done && !(await storePhoto(rest, photo))) return
    await dropPhoto(photo.key)
  }
  await call('drop_draft', { key: PREFIX + subject })
  await refreshSync()
}

async function solve(incident: string, solution: string): Promise<void> {
  try {
    await call('add_incident_step', { incident, action: 'solve', opinion: solution, to: null })
  } catch (reason) {
    // Whatever stands in the way (somebody took it up meanwhile) is told; the words wait on the incident's page.
    await call('save_draft', { key: checkKey(incident), value: { ...emptyCheck(), opinion: solution } })
    tell({ text: i18n.global.t(`common.failure.${failureOf(reason).code}`), bad: true })
  }
}

/** Stores one photo. Says whether to go on: a photo that can never be stored is told and left out; a full phone is told, and tried again later. */
async function storePhoto(rest: Rest, photo: Following): Promise<boolean> {
  const { t } = i18n.global
  const bytes = await readPhoto(photo.key)
  if (!bytes) return true
  try {
    const subject = rest.step ? { subject: rest.step, subject_kind: 'incident_step' } : { subject: rest.incident, subject_kind: 'incident' }
    await callWithBytes('add_photo', { ...subject, photo_kind: photo.kind, note: null }, bytes)
    return true
  } catch (reason) {
    const { code } = failureOf(reason)
    tell({ text: t(`common.failure.${code}`), bad: true })
    return code === 'not_an_image' || code === 'invalid'
  }
}

/** Finishes whatever an earlier run left half-way. */
export async function finishAll(): Promise<void> {
  for (const { key } of await call('drafts', {})) {
    // One whose record was refused meanwhile waits until that is corrected, and holds up no other.
    if (key.startsWith(PREFIX)) await finish(key.slice(PREFIX.length)).catch(() => undefined)
  }
}

/** The kept photos that stored records still wait for. */
export async function photosToStore(): Promise<string[]> {
  const named: string[] = []
  for (const { key } of await call('drafts', {})) {
    if (!key.startsWith(PREFIX)) continue
    const rest = await restOf(key.slice(PREFIX.length))
    named.push(...(rest?.photos ?? []).map((photo) => photo.key))
  }
  return named
}
