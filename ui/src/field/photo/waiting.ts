// Photos that a stored record waits for: each is stored by itself and then struck off the record's draft.
//
// A kill between storing a photo and striking it off leaves one in doubt, and only that one: before it is stored the draft says which it
// is and what photos the record had. How many photos a record has says nothing: colleagues and the desk add some as well.
import { reactive } from 'vue'
import { call, callWithBytes, failureOf } from '@shared/bridge'
import type { PhotoLine } from '@shared/types/PhotoLine'
import { tell } from '../shell/notice'
import { appState, i18n } from '../state/app'
import { oneAtATime } from '../state/once'
import { whyOf } from '../state/why'
import type { PhotoSubject } from './add'
import { dropPhoto, readPhoto } from './kept'

/** What the draft of a stored record says of its photos. */
export interface PhotosLeft<Photo extends { key: string }> {
  /** Those that are not stored, in order. The device counts them. */
  photos: Photo[]
  /** The one that was being stored, and the ids of the photos there were before. */
  tried?: { key: string; before: string[] } | null
}

/** A record that waits for photos. */
export interface Waiting<Photo extends { key: string }, Rest extends PhotosLeft<Photo>> {
  /** The record whose page shows them. */
  of: string
  /** The key of its draft. */
  draft: string
  rest: Rest
  /** The photos that the record has. */
  there: () => Promise<readonly PhotoLine[]>
  /** What a photo is added to, and as what. */
  as: (photo: Photo) => PhotoSubject
}

/** Stores the photos, one after the other. Says whether all are done; what stands in the way is told, and tried again later. */
export async function storeWaiting<Photo extends { key: string }, Rest extends PhotosLeft<Photo>>(waiting: Waiting<Photo, Rest>): Promise<boolean> {
  let rest = waiting.rest
  const note = async (change: PhotosLeft<Photo>): Promise<void> => {
    rest = { ...rest, ...change }
    await call('save_draft', { key: waiting.draft, value: rest })
  }
  for (let photo = rest.photos[0]; photo; photo = rest.photos[0]) {
    const as = waiting.as(photo)
    const there = await waiting.there()
    if (!(await wasStored(rest, photo, as, there))) {
      const bytes = await readPhoto(photo.key)
      if (bytes) {
        await note({ photos: rest.photos, tried: { key: photo.key, before: there.map((line) => line.id) } })
        if (!(await store(waiting, rest.photos.length, as, bytes))) {
          await note({ photos: rest.photos, tried: null })
          return false
        }
      }
    }
    await note({ photos: rest.photos.slice(1), tried: null })
    // Nothing names its pieces any more: what is left of them is swept away.
    await dropPhoto(photo.key).catch(() => undefined)
  }
  standing.delete(waiting.draft)
  return true
}

/** Whether the photo in doubt is one of those that the record got since: the worker's own, of that kind and with that note. */
async function wasStored(rest: PhotosLeft<{ key: string }>, photo: { key: string }, as: PhotoSubject, there: readonly PhotoLine[]): Promise<boolean> {
  if (rest.tried?.key !== photo.key) return false
  for (const line of there) {
    if (rest.tried.before.includes(line.id) || line.photo_kind !== as.photo_kind || (line.note ?? '') !== (as.note ?? '').trim()) continue
    const { record } = await call('record', { id: line.id })
    if (record.fields.by === appState.app?.account) return true
  }
  return false
}

/** Photos that a record could not take when it was tried last. */
export interface NotAdded {
  /** The record whose page shows them. */
  of: string
  n: number
  why: string
}

const standing = reactive(new Map<string, NotAdded>())

/** What could not be added when it was tried last, by the key of the draft. */
export const notAdded: ReadonlyMap<string, NotAdded> = standing

/** Stores one photo. Says whether to go on: only a file that no picture can be made of is told and left out. */
async function store({ draft, of }: { draft: string; of: string }, n: number, as: PhotoSubject, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  try {
    await callWithBytes('add_photo', { ...as }, bytes)
    return true
  } catch (reason) {
    const why = whyOf(reason)
    if (failureOf(reason).code === 'not_an_image') {
      tell({ text: why, bad: true })
      return true
    }
    // Trying again and again, the same is told once.
    if (standing.get(draft)?.why !== why) tell({ text: i18n.global.t('field.photo.not_added', { n, why }), bad: true })
    standing.set(draft, { of, n, why })
    return false
  }
}

/** Forgets the photos that a record waits for: the worker gave them up, or the record. */
export async function giveUp(draft: string): Promise<void> {
  // What is being tried comes to its end first: it would note them again.
  await oneAtATime(draft, async () => undefined).catch(() => undefined)
  await oneAtATime(draft, async () => {
    const value = (await call('draft', { key: draft }))?.value as PhotosLeft<{ key: string }> | undefined
    await call('drop_draft', { key: draft })
    standing.delete(draft)
    for (const photo of value?.photos ?? []) await dropPhoto(photo.key)
  })
}
