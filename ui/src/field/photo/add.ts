// Adding photos to a stored record: each is stored by itself, so a bad one costs no other.
import { callWithBytes, failureOf } from '@shared/bridge'
import { tell } from '../shell/notice'
import { i18n } from '../state/app'
import { refreshSync } from '../sync/state'
import { keepable } from './picked'

/** What photos are added to, and as what. */
export interface PhotoSubject {
  subject: string
  subject_kind: string
  photo_kind: 'scene' | 'before' | 'after' | 'paper'
  note: string | null
}

/** Adds the files one after the other, and says what could not be added. */
export async function addPhotos(to: PhotoSubject, files: readonly File[]): Promise<void> {
  const { t } = i18n.global
  for (const file of files) {
    try {
      const bytes = new Uint8Array(await (await keepable(file)).arrayBuffer())
      await callWithBytes('add_photo', { ...to }, bytes)
    } catch (reason) {
      const failure = failureOf(reason)
      const many = failure.problems.some((problem) => problem.code === 'too_many_photos')
      tell({ text: many ? t('problem.too_many_photos') : t(`common.failure.${failure.code}`), bad: true })
    }
  }
  await refreshSync()
}
