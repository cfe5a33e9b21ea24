// The way back from the last decision.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope } from 'vue'
import type { InboxItem } from '@shared/types/InboxItem'
import * as calls from '@desk/api/calls'
import { Refused } from '@desk/api/http'
import { OFFERED_MS, useUndo } from '@desk/inbox/undo'
import { shown } from '@desk/shell/toasts'

vi.mock('vue-i18n', () => ({ useI18n: () => ({ t: (key: string) => key }) }))
vi.mock('@desk/api/calls')

const row = { id: 'visit-1' } as InboxItem
const inbox = { putBack: vi.fn(), refresh: vi.fn(() => Promise.resolve()) }
const decided = () => ({ text: 'done', undone: 'undone', reviews: ['review-1'], rows: [row], back: vi.fn() })
const scope = effectScope()
const undo = scope.run(() => useUndo(inbox))!

beforeEach(() => {
  vi.useFakeTimers()
  vi.clearAllMocks()
})
afterEach(() => {
  vi.runAllTimers()
  vi.useRealTimers()
})

test('a decision is taken back once, and its row stands in the list again', async () => {
  vi.mocked(calls.takeBack).mockResolvedValue({ taken: ['visit-1'], left: [] })
  const what = decided()
  undo.offer(what)
  expect(shown.value.at(-1)?.act?.key).toBe('Z')
  await undo.take()
  await undo.take()
  expect(calls.takeBack).toHaveBeenCalledOnce()
  expect(inbox.putBack).toHaveBeenCalledWith([row])
  expect(what.back).toHaveBeenCalledOnce()
  expect(shown.value.at(-1)?.text).toBe('undone')
})

test('after ten seconds there is nothing to take back', async () => {
  undo.offer(decided())
  vi.advanceTimersByTime(OFFERED_MS)
  await undo.take()
  expect(calls.takeBack).not.toHaveBeenCalled()
})

test('the key takes the last decision back, then the one before; a button its own', async () => {
  vi.mocked(calls.takeBack).mockResolvedValue({ taken: [], left: [] })
  for (const name of ['review-1', 'review-2', 'review-3']) undo.offer({ ...decided(), reviews: [name] })
  shown.value.at(-3)?.act?.run()
  await undo.take()
  await undo.take()
  await undo.take()
  expect(vi.mocked(calls.takeBack).mock.calls).toEqual([[['review-1']], [['review-3']], [['review-2']]])
})

test('what the server does not take back stays out of the list and is said', async () => {
  vi.mocked(calls.takeBack).mockResolvedValue({ taken: [], left: ['review-1'] })
  undo.offer(decided())
  await undo.take()
  expect(inbox.putBack).toHaveBeenCalledWith([])
  expect(shown.value.at(-1)).toMatchObject({ text: 'desk.undo.left', tone: 'problem' })
})

test('a server that is gone is said, and the list is read anew', async () => {
  vi.mocked(calls.takeBack).mockRejectedValue(new Refused('unreachable', 0))
  undo.offer(decided())
  await undo.take()
  expect(shown.value.at(-1)?.text).toBe('desk.refusal.unreachable')
  expect(inbox.refresh).toHaveBeenCalled()
})
