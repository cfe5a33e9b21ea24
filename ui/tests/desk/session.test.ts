// One browser, two people: nothing that one of them did is done in the other's name.
import { beforeEach, expect, test, vi } from 'vitest'
import type { Session } from '@shared/types/Session'
import { Refused, upload, write } from '@desk/api/http'
import { useSession } from '@desk/session/session'

const reload = vi.fn()
vi.stubGlobal('window', { location: { reload } })

type Sent = { path: string; token: string | null }
let sent: Sent[] = []
let present: Pick<Session, 'account' | 'csrf'>

/** A server that knows one session: a changing call with another token is refused. */
vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
  const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status })
  if (path.endsWith('/session')) return answer(200, present)
  const token = new Headers(init.headers).get('x-csrf-token')
  sent.push({ path, token })
  return token === present.csrf ? answer(200, {}) : answer(403, { code: 'wrong_csrf' })
})

beforeEach(async () => {
  sent = []
  reload.mockClear()
})

const acts: [string, () => Promise<unknown>][] = [
  ['an act', () => write('reviews', { id: 'x' })],
  ['a file', () => upload('imports', new Blob(['x']))],
]

test.each(acts)('%s is sent again with the token of the own newer session, and never with that of another account', async (_, act) => {
  present = { account: 'boss', csrf: 'first' }
  await useSession().resume()
  // The same person signed in again in another tab.
  present = { account: 'boss', csrf: 'second' }
  await act()
  expect(sent.map((one) => one.token)).toEqual(['first', 'second'])

  sent = []
  present = { account: 'colleague', csrf: 'third' }
  await expect(act()).rejects.toBeInstanceOf(Refused)
  expect(reload).toHaveBeenCalledOnce()
  await expect(act(), 'nor does what is clicked before the page is gone').rejects.toBeInstanceOf(Refused)
  expect(sent.map((one) => one.token)).toEqual(['second', 'second'])
  // For the next row of this table.
  present = { account: 'boss', csrf: 'fourth' }
})
