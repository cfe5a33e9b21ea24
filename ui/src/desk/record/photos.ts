// How many photos a record has, and how many of them have arrived: both count, since one more may be on its way.
import type { DeskRecord } from '@shared/types/DeskRecord'
import type { InboxPhotos } from '@shared/types/InboxPhotos'

/** The photos of a page, counted as a row counts them. */
export function countOf({ photos }: Pick<DeskRecord, 'photos'>): InboxPhotos {
  return { arrived: photos.filter((photo) => photo.arrived).length, total: photos.length }
}

/** Whether there is nothing new of a record's photos. */
export const samePhotos = (one: InboxPhotos, other: InboxPhotos) => one.arrived === other.arrived && one.total === other.total
