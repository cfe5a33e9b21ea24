// What the door card needs to know of a door, wherever it was opened from.
import type { Door } from '@shared/types/Door'
import type { DoorBoard } from '@shared/types/DoorBoard'
import type { DoorLine } from '@shared/types/DoorLine'
import type { DoorState } from '@shared/types/DoorState'
import { i18n } from '../state/app'
import { codeName } from '../state/lists'
import { dayNumber, daysAgo } from '../state/time'

/** A door that was tapped. */
export interface TappedDoor {
  dwelling_id: string | null
  household_id: string | null
  address: string
  head_name: string | null
  last_met: number | null
  latest_at: number | null
  latest_result: string | null
}

/** A door of the board; its address is put together from the board. */
export function fromBoard(board: DoorBoard, unit: string, door: Door): TappedDoor {
  const { t } = i18n.global
  const words = [board.building.name, unit && t('field.doors.unit', { unit }), door.label]
  return { ...door, address: words.filter(Boolean).join(' ') }
}

/** A door of Today's list. */
export function fromLine(line: DoorLine): TappedDoor {
  return { ...line, latest_at: null }
}

/** Since how many days nobody was met behind a door that stayed closed. */
function notHome(lastMet: number | null, now = Date.now()): string {
  const { t } = i18n.global
  return lastMet === null ? t('field.doors.not_home_never') : t('field.doors.not_home', { n: Math.max(0, dayNumber(now) - dayNumber(lastMet)) })
}

/** The state of a door in a few words, as they stand on its tile. */
export function stateWords(door: Pick<Door, 'state' | 'last_met' | 'latest_at' | 'latest_result' | 'use'>): string {
  const { t } = i18n.global
  const word: Record<DoorState, () => string> = {
    met: () => (door.last_met === null ? t('field.doors.state.met') : daysAgo(door.last_met)),
    // Where the latest visit met nobody, what counts is since when nobody was met; another result (refused, moved) says more.
    absent: () => (door.latest_result === 'absent' ? notHome(door.last_met) : codeName('visit_result', door.latest_result) || t('field.doors.state.absent')),
    never: () => t('field.doors.state.never'),
    overdue: () => (door.last_met === null ? t('field.doors.state.never') : daysAgo(door.last_met)),
    to_let: () => t('field.doors.state.to_let'),
    shop: () => t('field.doors.state.shop'),
    vacant: () => t('field.doors.state.vacant'),
  }
  return word[door.state]()
}
