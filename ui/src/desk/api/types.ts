// The shapes of the desk's calls until the generated ones stand in shared/types.
import type { Code } from '@shared/types/Code'
import type { CodeList } from '@shared/types/CodeList'
import type { Kind } from '@shared/types/Kind'
import type { Lists } from '@shared/types/Lists'
import type { Record as StoredRecord } from '@shared/types/Record'
import type { ReviewState } from '@shared/types/ReviewState'
import type { Role } from '@shared/types/Role'

export type Session = { account: string; display_name: string; role: Role; scopes: string[]; csrf: string; demo: boolean }
export type PlaceNode = {
  code: string
  name: string
  level: 'town' | 'village' | 'cell'
  waiting: number
  children: PlaceNode[]
}
export type InboxItem = {
  id: string
  kind: Kind
  cell: string
  place: string
  title: string
  subtitle: string
  by: string
  changed_at: number
  version: string
  changed_fields: string[]
  is_new: boolean
  photos: { arrived: number; total: number }
  low_risk: boolean
  result: string | null
  severity: number | null
}
export type Inbox = { items: InboxItem[]; total: number; next: string | null; by_kind: { [kind: string]: number } }
export type FieldChange = { field: string; before: unknown; after: unknown }
export type DeskPhoto = {
  id: string
  sha256: string
  arrived: boolean
  photo_kind: string | null
  taken_at: number
  width: number
  height: number
  note: string | null
}
export type HistoryEntry = {
  at: number
  by: string
  device: string | null
  fields: { [field: string]: unknown }
  lost: boolean
  verdict?: string | null
  remarks?: { [field: string]: string }
  note?: string | null
}
export type DeskRecord = {
  record: StoredRecord
  version: string
  title: string
  place: string
  review: {
    state: ReviewState
    note: string | null
    remarks: { [field: string]: string }
    by: string | null
    at: number | null
  }
  is_new: boolean
  changes: FieldChange[]
  refs: { [id: string]: { kind: Kind; title: string } }
  photos: DeskPhoto[]
  history: HistoryEntry[]
}
export type DeskLists = { codes: { [list in CodeList]?: Code[] }; lists: Lists }
export type DeskDevice = {
  id: string
  account: string
  display_name: string
  device_name: string
  enrolled_at: number
  last_seen_at: number | null
  app_version: string | null
  revoked_at: number | null
}
export type EnrolCode = { code: string; until: number }
