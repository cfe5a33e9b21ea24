// What follows a stored incident or step: its photos, and the step of an incident that was solved on the spot.
//
// The record is stored first; what follows is noted in a draft with the record's id and done piece by piece. A kill at any moment
// loses nothing and stores nothing twice.
import { call } from '@shared/bridge'
import { tell } from '../shell/notice'
import { oneAtATime } from '../state/once'
import { whyOf } from '../state/why'
import { refreshSync } from '../sync/state'
import type { PhotoSubject } from '../photo/add'
import { storeWaiting, type PhotosLeft } from '../photo/waiting'
import { checkKey, emptyCheck } from './words'

/** The device's word: it counts the photos of these drafts among those that wait, and removes nothing under them. */
export const STORED_PREFIX = 'report-stored:'

/** A kept photo, and what it shows. */
export interface Following {
  key: string
  kind: PhotoSubject['photo_kind']
}

/** What is still to be done for a stored record. */
export interface Rest extends PhotosLeft<Following> {
  /** The incident. */
  incident: string
  /** The step that the photos belong to; none: the incident itself. */
  step: string | null
  /** How it was solved on the spot; none when it was not. */
  solution: string | null
}

/** Notes what is to be done once `subject` is stored, and forgets the form that it stood in. */
export async function handOver(subject: string, rest: Rest, form: string): Promise<void> {
  await call('save_draft', { key: STORED_PREFIX + subject, value: rest })
  await call('drop_draft', { key: form })
}

/** Whether the rest of a record was noted. */
export async function isHandedOver(subject: string): Promise<boolean> {
  return (await call('draft', { key: STORED_PREFIX + subject })) !== null
}

async function restOf(subject: string): Promise<Rest | null> {
  const draft = await call('draft', { key: STORED_PREFIX + subject })
  if (!draft) return null
  // An earlier version noted the keys of an incident's photos and nothing else.
  if (Array.isArray(draft.value)) {
    return { incident: subject, step: null, photos: (draft.value as string[]).map((key) => ({ key, kind: 'scene' as const })), solution: null }
  }
  return draft.value as Rest
}

/** Does what is left to do for a stored record. */
export function finish(subject: string): Promise<void> {
  return oneAtATime(STORED_PREFIX + subject, () => doRest(subject))
}

async function doRest(subject: string): Promise<void> {
  let rest = await restOf(subject)
  if (!rest) return
  const { incident, step, solution } = rest
  if (solution !== null) {
    const { steps } = (await call('incident', { id: incident })).progress
    if (steps.every((each) => each.action !== 'solve')) await solve(incident, solution)
    // Done, or the words wait on the incident's page: later tries must not write over what is typed there.
    rest = { ...rest, solution: null }
    await call('save_draft', { key: STORED_PREFIX + subject, value: rest })
  }
  const done = await storeWaiting<Following, Rest>({
    of: incident,
    draft: STORED_PREFIX + subject,
    rest,
    there: async () => {
      const page = await call('incident', { id: incident })
      return step ? (page.step_photos[step] ?? []) : page.photos
    },
    as: ({ kind }) => ({ subject: step ?? incident, subject_kind: step ? 'incident_step' : 'incident', photo_kind: kind, note: null }),
  })
  if (done) await call('drop_draft', { key: STORED_PREFIX + subject })
  await refreshSync()
}

async function solve(incident: string, solution: string): Promise<void> {
  try {
    await call('add_incident_step', { incident, action: 'solve', opinion: solution, to: null })
  } catch (reason) {
    // Whatever stands in the way (somebody took it up meanwhile) is told; the words wait on the incident's page.
    await call('save_draft', { key: checkKey(incident), value: { ...emptyCheck(), opinion: solution } })
    tell({ text: whyOf(reason), bad: true })
  }
}

/** Finishes whatever was left half-way: by an earlier run, or because the phone was full. */
export async function finishAll(): Promise<void> {
  for (const { key } of await call('drafts', {})) {
    // One whose record was refused meanwhile waits until that is corrected, and holds up no other.
    if (key.startsWith(STORED_PREFIX)) await finish(key.slice(STORED_PREFIX.length)).catch(() => undefined)
  }
}

/** The kept photos that stored records still wait for. */
export async function photosToStore(): Promise<string[]> {
  const named: string[] = []
  for (const { key } of await call('drafts', {})) {
    if (!key.startsWith(STORED_PREFIX)) continue
    const rest = await restOf(key.slice(STORED_PREFIX.length))
    named.push(...(rest?.photos ?? []).map((photo) => photo.key))
  }
  return named
}
