// What is drawn on a photo, how much time is left, what a resident is told.
import { expect, test, vi } from 'vitest'
import type { IncidentLine } from '@shared/types/IncidentLine'
import type { IncidentPage } from '@shared/types/IncidentPage'
import { answerText, resultOf } from '@field/incident/answer'
import { dueTone, timeLeft } from '@field/incident/due'
import { filtered } from '@field/incident/filters'
import { readPosition } from '@shared/bridge'
import { headOf, meanColour, rectOf, tileOf, workingSize } from '@field/photo/marks'

vi.mock('@field/state/app', () => ({
  i18n: { global: { locale: { value: 'zh' }, t: (key: string, values: Record<string, unknown> = {}) => `${key}(${Object.values(values).join(',')})` } },
}))

test('a picture is worked on at no more than 1600 pixels, whichever edge is longer', () => {
  expect(workingSize(4000, 3000)).toEqual({ width: 1600, height: 1200 })
  expect(workingSize(3000, 4000)).toEqual({ width: 1200, height: 1600 })
  expect(workingSize(640, 480)).toEqual({ width: 640, height: 480 })
  expect(workingSize(20_000, 3).height).toBe(1)
})

test('a rectangle is the same from any corner and never leaves the picture', () => {
  const [a, b] = [{ x: 10.4, y: 20 }, { x: 110, y: 70.6 }]
  expect(rectOf({ from: a, to: b }, 400, 300)).toEqual({ x: 10, y: 20, width: 100, height: 51 })
  expect(rectOf({ from: b, to: a }, 400, 300)).toEqual(rectOf({ from: a, to: b }, 400, 300))
  expect(rectOf({ from: { x: -50, y: -50 }, to: { x: 900, y: 900 } }, 400, 300)).toEqual({ x: 0, y: 0, width: 400, height: 300 })
})

test('mosaic is too coarse to read a plate or know a face', () => {
  const plate = { width: 240, height: 70 }
  expect(Math.ceil(plate.width / tileOf(plate))).toBeLessThanOrEqual(6)
  expect(Math.ceil(plate.height / tileOf(plate))).toBeLessThanOrEqual(3)
  expect(tileOf({ width: 5, height: 5 })).toBe(16)
  expect(meanColour([0, 100, 200, 255, 100, 200, 0, 255])).toBe('rgb(50 150 100)')
})

test('an arrow ends where it points', () => {
  const [left, right] = headOf({ from: { x: 0, y: 0 }, to: { x: 100, y: 0 } }, 20)
  expect(left.x).toBeCloseTo(right.x)
  expect(left.y).toBeCloseTo(-right.y)
  expect(left.x).toBeLessThan(100)
})

test('time left is said in the unit that people would use', () => {
  const HOUR = 3_600_000
  expect(timeLeft(HOUR / 2, 0)).toEqual({ over: false, unit: 'minutes', n: 30 })
  expect(timeLeft(47 * HOUR, 0)).toEqual({ over: false, unit: 'hours', n: 47 })
  expect(timeLeft(0, 72 * HOUR)).toEqual({ over: true, unit: 'days', n: 3 })
  expect([dueTone(0, 1), dueTone(HOUR, 0), dueTone(48 * HOUR, 0)]).toEqual(['bad', 'warn', ''])
})

test('the answer says what was reported, done and came of it, and names no colleague and no unit', () => {
  const progress = { state: 'passed', outcome: 'new cover', unit: 'water works', steps: [{ by: 'worker-1', from: 'water works' }] }
  const page = { incident: { happened_at: 0, title: 'broken cover', number: '610722-1', by: 'worker-1' }, address: null, progress } as unknown as IncidentPage
  const text = answerText(page)
  for (const part of ['broken cover', '610722-1', 'new cover', 'result.settled']) expect(text).toContain(part)
  for (const name of ['worker-1', 'water works']) expect(text).not.toContain(name)
  expect(resultOf({ state: 'declined' })).toBe('declined')
  expect(resultOf({ state: 'coordinated' })).toBe('working')
})

test('each filter shows its incidents in the order of the device', () => {
  const line = (id: string, more: Partial<IncidentLine>) => ({ id, ended: false, to_verify: false, overdue: false, ...more }) as IncidentLine
  const lines = [line('a', { to_verify: true }), line('b', { overdue: true }), line('c', {}), line('d', { ended: true })]
  const ids = (filter: 'open' | 'verify' | 'overdue' | 'closed') => filtered(lines, filter).map((each) => each.id)
  expect([ids('open'), ids('verify'), ids('overdue'), ids('closed')]).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['d']])
})

test('a position that is not allowed or not there says which', async () => {
  vi.stubGlobal('window', {})
  vi.stubGlobal('navigator', { geolocation: { getCurrentPosition: (_: unknown, fail: (e: unknown) => void) => fail({ code: 1, PERMISSION_DENIED: 1 }) } })
  await expect(readPosition()).rejects.toBe('denied')
  vi.stubGlobal('navigator', {})
  await expect(readPosition()).rejects.toBe('unknown')
  vi.unstubAllGlobals()
})
