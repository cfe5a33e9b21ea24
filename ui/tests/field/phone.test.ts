// What the phone offers the screens: on a phone by its own means, elsewhere by what there is, and never a rejection that nobody expects.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const invoke = vi.fn()
vi.mock('@tauri-apps/api/core', () => ({ invoke: (...args: unknown[]) => invoke(...args) }))

async function inWindow(window: object) {
  vi.resetModules()
  vi.stubGlobal('window', window)
  return import('@shared/bridge')
}
const TAURI = { __TAURI_INTERNALS__: {} }
const webView = (how: (take: (found: unknown) => void, fail: (why: unknown) => void) => void) => vi.stubGlobal('navigator', { geolocation: { getCurrentPosition: how } })
const found = { coords: { latitude: 33.0612345678, longitude: 107.7, accuracy: 12.4 } }

// Returns nothing: what a hook returns is run when the test is over.
beforeEach(() => void invoke.mockReset())
afterEach(() => vi.unstubAllGlobals())

test('without a window of its own the phone can do nothing by itself, and says so', async () => {
  const bridge = await inWindow({})
  expect(await bridge.systemState()).toEqual({ biometry: false, alerts: 'never', position: false })
  expect(await bridge.allowAlerts()).toBe('never')
  await expect(bridge.allowBiometry('123456')).rejects.toMatchObject({ failure: { code: 'biometry' } })
  await expect(bridge.unlockWithBiometry({ reason: 'r', cancel: 'c' })).rejects.toMatchObject({ failure: { code: 'biometry' } })
  expect(() => bridge.tellShown(false, { title: '', warning: '', returned: '' })).not.toThrow()
  expect(invoke).not.toHaveBeenCalled()
})

test('a host that does not answer can do nothing either', async () => {
  const bridge = await inWindow(TAURI)
  invoke.mockImplementation(() => Promise.reject('not allowed'))
  expect(await bridge.systemState()).toEqual({ biometry: false, alerts: 'never', position: false })
  expect(await bridge.allowAlerts()).toBe('refused')
})

test('on a phone the position is the system’s, and a refusal is not asked for again in another way', async () => {
  const bridge = await inWindow(TAURI)
  const asked = vi.fn()
  webView(asked)
  invoke.mockImplementation((command: string) => (command === 'position' ? Promise.reject('denied') : Promise.resolve({ biometry: true, alerts: 'yes', position: true })))
  await expect(bridge.readPosition()).rejects.toBe('denied')
  expect(asked).not.toHaveBeenCalled()
  invoke.mockImplementation((command: string) => Promise.resolve(command === 'position' ? { lat: 33.0612345678, lng: 107.7, accuracy_m: 12.4 } : { biometry: true, alerts: 'yes', position: true }))
  expect(await bridge.readPosition()).toEqual({ lat: 33.061235, lng: 107.7, accuracy_m: 12 })
})

test('a phone without the system’s service asks the web view instead', async () => {
  const bridge = await inWindow(TAURI)
  webView((take) => take(found))
  invoke.mockImplementation((command: string) => (command === 'position' ? Promise.reject('unknown') : Promise.resolve({ biometry: false, alerts: 'never', position: true })))
  expect(await bridge.readPosition()).toEqual({ lat: 33.061235, lng: 107.7, accuracy_m: 12 })
})

test('what the host refuses reaches the screen as its code', async () => {
  const bridge = await inWindow(TAURI)
  invoke.mockImplementation(() => Promise.reject({ code: 'wrong_pin', problems: [], wait_ms: 30_000 }))
  await expect(bridge.allowBiometry('000000')).rejects.toMatchObject({ failure: { code: 'wrong_pin', wait_ms: 30_000 } })
  expect(invoke).toHaveBeenCalledWith('allow_biometry', { pin: '000000' })
})
