// What a button does: one thing at a time, and what was refused is told.
import { expect, test, vi } from 'vitest'
import { Refused } from '@desk/api/http'
import { useAct } from '@desk/parts/act'
import { shown } from '@desk/shell/toasts'

vi.mock('vue-i18n', () => ({ useI18n: () => ({ t: (key: string) => key }) }))

test('a second click while the first is under way does nothing', async () => {
  const { busy, act } = useAct()
  let finish = () => {}
  const work = vi.fn(() => new Promise<void>((done) => (finish = done)))
  const first = act(work)
  await act(work)
  expect(busy.value).toBe(true)
  finish()
  await first
  expect(busy.value).toBe(false)
  expect(work).toHaveBeenCalledOnce()
})

test('what was refused is told in passing, and the button can be used again', async () => {
  const { busy, act } = useAct()
  await act(() => Promise.reject(new Refused('not_allowed', 403)))
  expect(shown.value.at(-1)).toMatchObject({ text: 'desk.refusal.not_allowed', tone: 'problem' })
  expect(busy.value).toBe(false)
})

test('the end of a session is told elsewhere', async () => {
  const before = shown.value.length
  await useAct().act(() => Promise.reject(new Refused('signed_out', 401)))
  expect(shown.value).toHaveLength(before)
})

test('a page with a place of its own for what was refused is told there, and stays busy until it has dealt with it', async () => {
  const before = shown.value.length
  const seen: boolean[] = []
  const { busy, act } = useAct(async () => {
    await Promise.resolve()
    seen.push(busy.value)
  })
  await act(() => Promise.reject(new Refused('stale', 409)))
  expect(seen).toEqual([true])
  expect(busy.value).toBe(false)
  expect(shown.value).toHaveLength(before)
})
