// The commands answered by the local host of the device, for development and for tests in a plain browser.
import type { Host } from './index'

/** The host over loopback HTTP. */
export function httpHost(): Host {
  return {
    call: (command, args) => post(`/call/${command}`, 'application/json', JSON.stringify(args)),
    callWithBytes: (command, args, bytes) =>
      post(`/call/${command}?args=${encodeURIComponent(JSON.stringify(args))}`, 'application/octet-stream', bytes),
    system: null,
    saveFile: async (name, mime, bytes) => {
      const address = URL.createObjectURL(new Blob([bytes], { type: mime }))
      const link = Object.assign(document.createElement('a'), { href: address, download: name })
      link.click()
      // The browser reads it after this turn; it holds the memory until the address is given back.
      window.setTimeout(() => URL.revokeObjectURL(address), 60_000)
      return null
    },
  }
}

async function post(path: string, contentType: string, body: BodyInit): Promise<unknown> {
  const answer = await fetch(path, { method: 'POST', headers: { 'content-type': contentType }, body })
  if (!answer.ok) throw await answer.json()
  const json = answer.headers.get('content-type')?.startsWith('application/json')
  return json ? answer.json() : answer.arrayBuffer()
}
