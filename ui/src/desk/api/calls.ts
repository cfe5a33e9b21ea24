// The calls of the desk, one function each, as the server names them.
import type { Age } from '@shared/types/Age'
import type { Corrected } from '@shared/types/Corrected'
import type { DeskDevice } from '@shared/types/DeskDevice'
import type { DeskLists } from '@shared/types/DeskLists'
import type { DeskRecord } from '@shared/types/DeskRecord'
import type { DeskReviewRules } from '@shared/types/DeskReviewRules'
import type { DeviceOrder } from '@shared/types/DeviceOrder'
import type { EnrolCode } from '@shared/types/EnrolCode'
import type { ErasureOutcome } from '@shared/types/ErasureOutcome'
import type { Inbox } from '@shared/types/Inbox'
import type { InboxPhotos } from '@shared/types/InboxPhotos'
import type { PlaceNode } from '@shared/types/PlaceNode'
import type { Restored } from '@shared/types/Restored'
import type { ReviewRules } from '@shared/types/ReviewRules'
import type { ReviewState } from '@shared/types/ReviewState'
import type { Session } from '@shared/types/Session'
import type { TakeBackOutcome } from '@shared/types/TakeBackOutcome'
import type { TakenInOutcome } from '@shared/types/TakenInOutcome'
import type { BulkOutcome } from '@shared/types/BulkOutcome'
import type { WrittenReview } from '@shared/types/WrittenReview'
import type { PhotoSize } from '@shared/types/PhotoSize'
import { read, write } from './http'

/** In which order the inbox is read. */
export type Order = 'oldest' | 'newest'

/** Which of the piles; `at_town` has what the community approved and the town has not, where the county has two levels. */
export type Pile = 'waiting' | 'at_town' | 'returned' | 'approved'

/** What part of the inbox to read. */
export type InboxQuery = {
  place: string | null
  kind: string | null
  order: Order
  state: Pile
  age: Age | null
  words: string
  after?: string | null
  limit: number
}

/** A verdict on one version of a record. */
export type Verdict = {
  id: string
  version: string
  /** Where that version stood when it was looked at. */
  seen: ReviewState
  verdict: 'approved' | 'returned'
  remarks: { [field: string]: string }
  note: string | null
}

/** Signs in. */
export const signIn = (account: string, password: string) => write<Session>('sign-in', { account, password })
/** Who is signed in. */
export const session = () => read<Session>('session')
/** Changes the own password. */
export const changePassword = (old: string, fresh: string) => write<null>('password', { old, new: fresh })
/** Ends the session. */
export const signOut = () => write<null>('sign-out')
/** The places of the own scope, with what waits in each. */
export const places = () => read<PlaceNode[]>('places')
/** Code lists and the county's own lists. */
export const lists = () => read<DeskLists>('lists')

/** A page of the inbox. */
export function inbox(query: InboxQuery, signal?: AbortSignal): Promise<Inbox> {
  const words = new URLSearchParams({ order: query.order, state: query.state, limit: String(query.limit) })
  if (query.place) words.set('place', query.place)
  if (query.kind) words.set('kind', query.kind)
  if (query.age) words.set('age', query.age)
  if (query.words) words.set('words', query.words)
  if (query.after) words.set('after', query.after)
  return read<Inbox>(`inbox?${words}`, signal)
}

/** A record with all that a reviewer needs. */
export const record = (id: string, signal?: AbortSignal) => read<DeskRecord>(`records/${id}`, signal)
/** The same with names and numbers in full, for a reason that is noted. */
export const look = (id: string, reason: string) => write<DeskRecord>(`records/${id}/look`, { reason })
/** How many of a record's photos have arrived. */
export const photosOf = (id: string) => read<InboxPhotos>(`records/${id}/photos`)
/** Lets a value of a record's history stand again. */
export const restore = (id: string, wish: { version: string; reached: number; field: string; stamp: string }) =>
  write<Restored>(`records/${id}/restore`, wish)
/** Approves or returns. */
export const review = (verdict: Verdict) => write<WrittenReview>('reviews', verdict)
/** Approves many; those that changed or were decided meanwhile are named and left alone. */
export const approveMany = (items: { id: string; version: string; seen: ReviewState }[]) =>
  write<BulkOutcome>('reviews/bulk', { items })
/** Takes own reviews of the last moment back; those that stay are named. */
export const takeBack = (reviews: readonly string[]) => write<TakeBackOutcome>('reviews/take-back', { reviews })
/** Puts values of a record right; what is wrong with which field comes with the refusal. */
export const correct = (id: string, wish: { version: string; reached: number; fields: { [field: string]: unknown }; note: string | null }) =>
  write<Corrected>(`records/${id}/correct`, wish)
/** The county's rules of reviewing, and what it can choose from. */
export const reviewRules = () => read<DeskReviewRules>('review-rules')
/** Sets the county's rules of reviewing. */
export const setReviewRules = (rules: ReviewRules) => write<null>('review-rules', rules)
/** Where a photo's bytes are. */
export const photoAddress = (sha256: string, size: PhotoSize) => `/desk/api/photo/${sha256}/${size}`
/** The phones of the own scope. */
export const devices = () => read<DeskDevice[]>('devices')
/** Takes a phone's access away. */
export const revoke = (id: string) => write<null>(`devices/${id}/revoke`)
/** Orders a phone to lock or wipe itself. */
export const orderDevice = (id: string, what: DeviceOrder) => write<null>(`devices/${id}/order`, { what })
/** Takes an order back; a locked phone then opens with its PIN again. */
export const liftOrder = (id: string) => write<null>(`devices/${id}/lift`)
/** Opens what a phone handed in and has every change judged. */
export const takeIn = (id: string) => write<TakenInOutcome>(`devices/${id}/take-in`)
/** Erases a person with everything that is about that person alone, or one event of a case file. */
export const erase = (id: string) => write<ErasureOutcome>(`records/${id}/erase`)
/** A code by which one phone can be enrolled for an account, once. */
export const enrolCode = (account: string) => write<EnrolCode>('enrol-codes', { account })
