// Drafts are written soon, in order, and never after they were dropped.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const calls: string[] = []
vi.mock('@shared/bridge', () => ({
  call: async (command: string, args: { key: string; value?: unknown }) => {
    calls.push(`${command} ${JSON.stringify(args.value ?? null)}`)
    return null
  },
}))

beforeEach(() => {
  calls.length = 0
  vi.useFakeTimers()
  vi.stubGlobal('window', globalThis)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const keeper = async () => (await import('@field/state/draft')).useDraft<string>('form')

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
