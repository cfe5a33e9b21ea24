// The photo of what came of an incident: how it is sent, and what is said when there is none.
import { afterEach, expect, test, vi } from 'vitest'
import { Refused } from '@desk/api/http'
import { sentenceOf } from '@desk/incidents/after'
import { addAfter } from '@desk/incidents/calls'

/** A browser's request that ends as told. */
function browser(end: { status: number; body: string } | 'broken') {
  const sent: string[] = []
  class Request {
    upload: { onprogress?: (event: object) => void } = {}
    onload?: () => void
    onerror?: () => void
    status = 0
    responseText = ''
    open = (method: string, address: string) => sent.push(`${method} ${address}`)
    setRequestHeader = (name: string, value: string) => sent.push(`${name}: ${value}`)
    send(body: Blob) {
      this.upload.onprogress?.({ lengthComputable: true, loaded: body.size / 2, total: body.size })
      if (end === 'broken') return this.onerror?.()
      this.status = end.status
      this.responseText = end.body
      this.onload?.()
    }
  }
  vi.stubGlobal('XMLHttpRequest', Request)
  return sent
}

const file = new File(['1234'], 'after.jpg')
afterEach(() => vi.unstubAllGlobals())

test('a photo goes up as the file that it is, with its id and what was seen, and tells how far it is', async () => {
  const sent = browser({ status: 200, body: '{"seen":"1.0.x"}' })
  const shares: number[] = []
  const page = await addAfter('i-1', 'p-1', '1.0.x', file, (share) => shares.push(share))
  expect(page.seen).toBe('1.0.x')
  expect(sent[0]).toBe('POST /desk/api/incidents/i-1/photos?id=p-1&seen=1.0.x')
  expect(sent).toContain('content-type: application/octet-stream')
  expect(shares).toEqual([0.5])
})

test('what goes wrong on the way is told by the code that the server says', async () => {
  const told = async () => {
    const error: unknown = await addAfter('i-1', 'p-1', 'x', file, () => {}).catch((error: unknown) => error)
    return error instanceof Refused ? error.code : error
  }
  browser({ status: 415, body: '{"code":"not_an_image","problems":[]}' })
  expect(await told()).toBe('not_an_image')
  browser('broken')
  expect(await told()).toBe('unreachable')
  browser({ status: 502, body: '<html>a gateway</html>' })
  expect(await told()).toBe('unreachable')
})

test('every outcome has its sentence', () => {
  expect(sentenceOf('invalid')).toBe('too_many')
  expect(sentenceOf('not_found')).toBe('not_allowed')
  for (const code of ['not_an_image', 'too_large', 'unreachable'] as const) expect(sentenceOf(code)).toBe(code)
  expect(sentenceOf('wrong_csrf')).toBe('internal')
})
