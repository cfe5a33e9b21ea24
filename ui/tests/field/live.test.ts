// A screen that stays open reads the register again when another day begins in the county, by itself or when the phone wakes up.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick } from 'vue'

vi.mock('@field/state/app', () => ({ foundLocked: () => undefined }))
vi.mock('@field/sync/state', async () => ({ syncState: (await import('vue')).reactive({ generation: 1 }) }))
vi.mock('@shared/bridge', () => ({ CallFailed: class extends Error {} }))

const listeners: (() => void)[] = []
beforeEach(() => {
  // There is no page around the reading here.
  vi.spyOn(console, 'warn').mockReturnValue(undefined)
  vi.resetModules()
  vi.useFakeTimers()
  vi.stubGlobal('window', globalThis)
  vi.stubGlobal('document', { visibilityState: 'visible', addEventListener: (_: string, listener: () => void) => listeners.push(listener), removeEventListener: () => listeners.splice(0) })
  // Ten minutes before midnight in China.
  vi.setSystemTime(new Date('2026-09-01T15:50:00Z'))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  listeners.length = 0
})

async function open() {
  const { unwatchDay, watchDay } = await import('@field/state/today')
  const { useLive } = await import('@field/state/live')
  const load = vi.fn(async () => null)
  watchDay()
  const scope = effectScope()
  scope.run(() => useLive(load))
  await nextTick()
  expect(load).toHaveBeenCalledTimes(1)
  return { load, close: () => (scope.stop(), unwatchDay()) }
}

test('at midnight of every day', async () => {
  const { load, close } = await open()
  await vi.advanceTimersByTimeAsync(9 * 60_000)
  expect(load).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(2 * 60_000)
  expect(load).toHaveBeenCalledTimes(2)
  await vi.advanceTimersByTimeAsync(24 * 3_600_000)
  expect(load).toHaveBeenCalledTimes(3)
  close()
  expect(vi.getTimerCount()).toBe(0)
})

test('when the phone slept through it', async () => {
  const { load, close } = await open()
  vi.setSystemTime(new Date('2026-09-02T01:00:00Z'))
  for (const listener of listeners) listener()
  await nextTick()
  await nextTick()
  expect(load).toHaveBeenCalledTimes(2)
  for (const listener of listeners) listener()
  await nextTick()
  expect(load).toHaveBeenCalledTimes(2)
  close()
})
