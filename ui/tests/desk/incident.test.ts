// An incident that is open while others work on it too.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, ref, type EffectScope } from 'vue'
import type { DeskIncident } from '@shared/types/DeskIncident'
import { Refused } from '@desk/api/http'
import * as calls from '@desk/incidents/calls'
import { useIncident } from '@desk/incidents/incident'

vi.mock('@desk/incidents/calls')
vi.mock('vue', async (vue) => ({ ...(await vue<typeof import('vue')>()), onBeforeUnmount: () => {} }))
vi.stubGlobal('document', { visibilityState: 'visible' })

const as = (seen: string) => ({ id: 'incident', seen, progress: { steps: [] } }) as unknown as DeskIncident
const POLL_MS = 20_000
const sheet = ref(false)
let scope: EffectScope
let incident: ReturnType<typeof useIncident>

beforeEach(async () => {
  vi.useFakeTimers()
  sheet.value = false
  scope = effectScope()
  incident = scope.run(() => useIncident('incident', () => sheet.value))!
  vi.mocked(calls.incident).mockResolvedValue(as('1'))
  await incident.load()
})
afterEach(() => {
  scope.stop()
  vi.clearAllTimers()
  vi.useRealTimers()
})

test('nothing moves under an open sheet, and what came in is shown when it is closed', async () => {
  sheet.value = true
  await nextTick()
  vi.mocked(calls.incident).mockResolvedValue(as('2'))
  await vi.advanceTimersByTimeAsync(POLL_MS)
  expect(incident.page.value?.seen).toBe('1')
  sheet.value = false
  await vi.advanceTimersByTimeAsync(0)
  expect(incident.page.value?.seen).toBe('2')
})

test('a page that was asked for before the sheet was opened does not move under it either', async () => {
  let answer = (_: DeskIncident) => {}
  vi.mocked(calls.incident).mockReturnValue(new Promise((done) => (answer = done)))
  const asked = incident.load()
  sheet.value = true
  answer(as('2'))
  await asked
  expect(incident.page.value?.seen).toBe('1')
})

test('a step for which somebody was faster shows what they did', async () => {
  sheet.value = true
  vi.mocked(calls.incident).mockResolvedValue(as('2'))
  expect(await incident.act(() => Promise.reject(new Refused('stale', 409)))).toBe('overtaken')
  expect(incident.page.value?.seen).toBe('2')
})
