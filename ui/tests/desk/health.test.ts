// What the desk says of a phone, and which phones it shows as needing help.
import { describe, expect, it } from 'vitest'
import type { DeskDevice } from '@shared/types/DeskDevice'
import { size } from '@shared/size'
import { healthLines, shown } from '@desk/devices/health'

const phone: DeskDevice = {
  id: 'a',
  account: 'worker-a',
  display_name: 'A',
  device_name: 'Phone',
  enrolled_at: 0,
  last_seen_at: 0,
  app_version: '0.1.0',
  revoked_at: null,
  order: null,
  handed_in: null,
  health: null,
  needs: [],
  newer_app: null,
}
const health = { told_at: 9, waiting_changes: 0, waiting_photos: 0, waiting_since: null, refused: 0, register_bytes: 40 * 1024 * 1024, free_bytes: 4 * 1024 ** 3 }
const keys = (device: DeskDevice) => healthLines(device, String).map((line) => line.key)

describe('what is said of a phone', () => {
  it('says nothing of a phone that never told but what the server knows by itself', () => {
    expect(keys(phone)).toEqual([])
    expect(keys({ ...phone, needs: ['silent', 'old_app'], newer_app: '0.2.0' })).toEqual(['silent', 'old_app'])
  })

  it('says of a phone that is well how much room is left and that nothing waits', () => {
    expect(healthLines({ ...phone, health }, String)).toEqual([
      { key: 'free', words: { free: '4.0 GB', used: '40 MB' }, help: false },
      { key: 'nothing_waits', words: {}, help: false },
    ])
  })

  it('puts first what calls for help', () => {
    const told = { ...health, waiting_photos: 3, waiting_since: 5, refused: 1, free_bytes: 1024 ** 2 }
    const lines = healthLines({ ...phone, health: told, needs: ['waiting', 'refused', 'storage'] }, (at) => `day ${at}`)
    expect(lines.map((line) => line.key)).toEqual(['waits', 'since', 'refused', 'storage'])
    expect(lines.every((line) => line.help)).toBe(true)
    expect(lines[1]?.words).toEqual({ time: 'day 5' })
  })

  it('does not call what has only begun to wait a case for help', () => {
    const lines = healthLines({ ...phone, health: { ...health, waiting_changes: 2, waiting_since: 5, free_bytes: null } }, String)
    expect(lines.map((line) => [line.key, line.help])).toEqual([
      ['waits', false],
      ['free_unknown', false],
    ])
  })
})

describe('the phones that are shown', () => {
  it('keep the order of the list, whatever they need', () => {
    const list: DeskDevice[] = [{ ...phone, id: 'a', needs: ['storage'] }, { ...phone, id: 'b' }, { ...phone, id: 'c', needs: ['waiting', 'refused'] }]
    expect(shown(list, false).map((device) => device.id)).toEqual(['a', 'b', 'c'])
    expect(shown(list, true).map((device) => device.id)).toEqual(['a', 'c'])
  })

  it('writes room in the units that phones use', () => {
    expect([size(-1), size(5 * 1024 ** 2), size(640 * 1024 ** 2), size(3.25 * 1024 ** 3)]).toEqual(['0 KB', '5.0 MB', '640 MB', '3.3 GB'])
  })
})
