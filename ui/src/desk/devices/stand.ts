// Where a phone stands with the desk, and what can be done to it then.
import type { DeskDevice } from '@shared/types/DeskDevice'

/** What can be done to a phone. */
export type DeviceAct = 'lock' | 'lift' | 'wipe' | 'revoke' | 'take_in'

/** One word for an order and whether the phone reported it; none: it synchronises, or is only shut out. */
export type Stand = 'none' | 'lock_waits' | 'locked' | 'wipe_waits' | 'wiped'

/** Where the phone stands with its order. */
export function deviceStand({ order }: DeskDevice): Stand {
  if (!order) return 'none'
  if (order.what === 'lock') return order.reported_at === null ? 'lock_waits' : 'locked'
  return order.reported_at === null ? 'wipe_waits' : 'wiped'
}

/** Whether there is sealed work that somebody can take in: new, or refused the last time. */
export function canTakeIn({ handed_in }: DeskDevice): boolean {
  return handed_in !== null && handed_in.changes + handed_in.photos + handed_in.refused > 0
}

/** What can be done to a phone, in the order of its buttons. */
export function actsOf(device: DeskDevice): DeviceAct[] {
  const acts: DeviceAct[] = canTakeIn(device) ? ['take_in'] : []
  switch (deviceStand(device)) {
    case 'wiped':
      return acts
    case 'none':
      acts.push('lock', 'wipe')
      break
    case 'lock_waits':
    case 'locked':
      acts.push('lift', 'wipe')
      break
    case 'wipe_waits':
      acts.push('lift')
  }
  return device.revoked_at === null ? [...acts, 'revoke'] : acts
}
