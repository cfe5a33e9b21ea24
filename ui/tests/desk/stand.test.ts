// What can be done to a phone follows from what was done to it.
import { expect, test } from 'vitest'
import { actsOf, canTakeIn, deviceStand } from '@desk/devices/stand'
import type { DeskDevice } from '@shared/types/DeskDevice'

const phone: DeskDevice = {
  id: '1',
  account: 'worker',
  display_name: '网格员',
  device_name: 'phone',
  enrolled_at: 1,
  last_seen_at: 2,
  app_version: '1',
  revoked_at: null,
  order: null,
  handed_in: null,
  health: null,
  needs: [],
  newer_app: null,
}
const ordered = (what: 'lock' | 'wipe', reported_at: number | null) => ({ ...phone, order: { what, at: 3, by: 'boss', reported_at } })

test('an order is called done only when the phone reported it', () => {
  expect(deviceStand(phone)).toBe('none')
  expect(deviceStand(ordered('lock', null))).toBe('lock_waits')
  expect(deviceStand(ordered('lock', 4))).toBe('locked')
  expect(deviceStand(ordered('wipe', null))).toBe('wipe_waits')
  expect(deviceStand(ordered('wipe', 4))).toBe('wiped')
})

test('what was ordered can be lifted until nothing is left on the phone', () => {
  expect(actsOf(phone)).toEqual(['lock', 'wipe', 'revoke'])
  expect(actsOf(ordered('lock', 4))).toEqual(['lift', 'wipe', 'revoke'])
  expect(actsOf(ordered('wipe', null))).toEqual(['lift', 'revoke'])
  expect(actsOf(ordered('wipe', 4))).toEqual([])
  expect(actsOf({ ...phone, revoked_at: 5 })).toEqual(['lock', 'wipe'])
})

test('there is something to take in while anything lies sealed, also what was refused before', () => {
  const handed = (changes: number, photos: number, refused: number) => ({
    ...phone,
    handed_in: { changes, photos, refused, at: 3, taken_at: null },
  })
  expect(canTakeIn(phone)).toBe(false)
  expect(canTakeIn(handed(0, 0, 0))).toBe(false)
  for (const device of [handed(1, 0, 0), handed(0, 1, 0), handed(0, 0, 1)]) {
    expect(canTakeIn(device)).toBe(true)
    expect(actsOf(device)[0]).toBe('take_in')
  }
})
