// The calls of notices.
import type { DeskNoticePage } from '@shared/types/DeskNoticePage'
import type { DeskNotices } from '@shared/types/DeskNotices'
import type { PublishedOutcome } from '@shared/types/PublishedOutcome'
import { read, write } from '../api/http'

/** A notice to be published. */
export type NoticeWish = {
  wish: string
  places: string[]
  title: string
  text: string
  notice_kind: string
  level: string | null
  valid_until: string | null
}

/** A page of notices, the latest first. */
export const notices = (before: number | null) => read<DeskNotices>(before === null ? 'notices' : `notices?before=${before}`)
/** A notice with how far it got. */
export const notice = (id: string) => read<DeskNoticePage>(`notices/${id}`)
/** Publishes one. */
export const publish = (wish: NoticeWish) => write<PublishedOutcome>('notices', wish)
/** Withdraws one. */
export const withdraw = (id: string) => write<null>(`notices/${id}/withdraw`)
