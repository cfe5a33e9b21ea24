// Adding photos to a stored record: each is stored by itself, so a bad one costs no other.
import { callWithBytes } from '@shared/bridge'
import { tell } from '../shell/notice'
import { whyOf } from '../state/why'
import { refreshSync } from '../sync/state'
import { keepable } from './picked'

/** What photos are added to, and as what. */
export interface PhotoSubject {
  subject: string
  subject_kind: string
  photo_kind: 'scene' | 'before' | 'after' | 'paper'
  note: string | null
}

/** Adds the pictures one after the other, and says what could not be added. */
export async function addPhotos(to: PhotoSubject, pictures: readonly Blob[]): Promise<void> {
  for (const picture of pictures) {
    try {
      const bytes = new Uint8Array(await (await keepable(picture)).arrayBuffer())
      await callWithBytes('add_photo', { ...to }, bytes)
    } catch (reason) {
      tell({ text: whyOf(reason), bad: true })
    }
  }
  await refreshSync()
}
