// How a phone stands, in words: what waits, what was refused, how much room is left. Help for the device; phones keep their order.
import { size } from '@shared/size'
import type { DeskDevice } from '@shared/types/DeskDevice'
import type { DeviceNeed } from '@shared/types/DeviceNeed'

/** A sentence about a phone: the key of its words below `desk.health`, what stands in them, and whether it calls for help. */
export type HealthLine = { key: string; words: Record<string, string | number>; help: boolean }

/** What is said of a phone, the calls for help first; a moment is written by `when`. A phone that never told says only what is known. */
export function healthLines({ health, needs, newer_app }: DeskDevice, when: (millis: number) => string): HealthLine[] {
  const lines: HealthLine[] = []
  const needed = (need: DeviceNeed) => needs.includes(need)
  const say = (key: string, help: boolean, words: HealthLine['words'] = {}) => lines.push({ key, words, help })
  if (needed('silent')) say('silent', true)
  if (needed('old_app')) say('old_app', true, { version: newer_app ?? '' })
  if (!health) return lines
  const { waiting_changes: changes, waiting_photos: photos, waiting_since, refused, register_bytes, free_bytes } = health
  if (changes + photos > 0) say('waits', needed('waiting'), { changes, photos })
  if (needed('waiting') && waiting_since !== null) say('since', true, { time: when(waiting_since) })
  if (refused > 0) say('refused', needed('refused'), { count: refused })
  if (free_bytes === null) say('free_unknown', false, { used: size(register_bytes) })
  else if (needed('storage')) say('storage', true, { free: size(free_bytes) })
  else say('free', false, { free: size(free_bytes), used: size(register_bytes) })
  if (changes + photos === 0) say('nothing_waits', false)
  return [...lines.filter((line) => line.help), ...lines.filter((line) => !line.help)]
}

/** The phones that are shown, in the order in which the server lists them. */
export function shown(devices: readonly DeskDevice[], helpOnly: boolean): DeskDevice[] {
  return devices.filter((device) => !helpOnly || device.needs.length > 0)
}
