// Drafts are written soon, in order, and never after they were dropped.
import { effectScope } from 'vue'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const calls: string[] = []
let full = false
const told: string[] = []
vi.mock('@field/shell/notice', () => ({ tell: (notice: { text: string }) => told.push(notice.text) }))
vi.mock('@field/state/app', () => ({ i18n: { global: { t: (key: string) => key } } }))
vi.mock('@shared/bridge', () => ({
  failureOf: (reason: unknown) => reason,
  call: async (command: string, args: { key: string; value?: unknown }) => {
    if (full && command === 'save_draft') throw { code: 'storage_full', problems: [] }
    calls.push(`${command} ${JSON.stringify(args.value ?? null)}`)
    return null
  },
}))

beforeEach(() => {
  calls.length = 0
  told.length = 0
  full = false
  vi.useFakeTimers()
  vi.stubGlobal('window', globalThis)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const keeper = async (screen = effectScope()) => {
  const { useDraft } = await import('@field/state/draft')
  return screen.run(() => useDraft<string>('form'))!
}

test('typing on and on does not put off the writing', async () => {
  const draft = await keeper()
  for (const text of ['a', 'ab', 'abc']) {
    draft.keep(text)
    await vi.advanceTimersByTimeAsync(120)
  }
  expect(calls).toEqual(['save_draft "abc"'])
})

test('nothing is written after the form was finished', async () => {
  const draft = await keeper()
  draft.keep('a')
  await draft.drop()
  draft.keep('b')
  await vi.advanceTimersByTimeAsync(1000)
  expect(calls).toEqual(['drop_draft null'])
})

test('a flush waits until the last word is written', async () => {
  const draft = await keeper()
  draft.keep('a')
  await draft.flush()
  expect(calls).toEqual(['save_draft "a"'])
})

test('what the phone has no room for is told while the form is open, tried again, and kept when there is room', async () => {
  const { unkept } = await import('@field/state/draft')
  const draft = await keeper()
  full = true
  draft.keep('a')
  await draft.flush()
  expect(unkept.value).toBe('common.failure.storage_full')
  full = false
  await vi.advanceTimersByTimeAsync(6000)
  expect(calls).toEqual(['save_draft "a"'])
  expect(unkept.value).toBe(null)
})

test('what was typed after a failure is kept in place of what failed', async () => {
  const draft = await keeper()
  full = true
  draft.keep('a')
  await draft.flush()
  draft.keep('ab')
  full = false
  await vi.advanceTimersByTimeAsync(6000)
  expect(calls).toEqual(['save_draft "ab"'])
})

test('who leaves a form whose words could not be kept hears it, and no form claims to have kept them', async () => {
  const { notKept, unkept } = await import('@field/state/draft')
  const screen = effectScope()
  const draft = await keeper(screen)
  expect(notKept(screen)).toBe(null)
  full = true
  draft.keep('a')
  screen.stop()
  await vi.advanceTimersByTimeAsync(0)
  expect(told).toEqual(['field.form.lost'])
  expect(notKept(screen)).toBe('common.failure.storage_full')
  expect(unkept.value).toBe(null)
})

test('a form that was finished leaves no word about what could not be kept', async () => {
  const { unkept } = await import('@field/state/draft')
  const draft = await keeper()
  full = true
  draft.keep('a')
  await draft.flush()
  await draft.drop()
  expect(unkept.value).toBe(null)
})
