// The commands answered by the local host of the device, for development and for tests in a plain browser.
import type { Host } from './index'

/** The host over loopback HTTP. */
export function httpHost(): Host {
  return {
    call: (command, args) => post(`/call/${command}`, 'application/json', JSON.stringify(args)),
    callWithBytes: (command, args, bytes) =>
      post(`/call/${command}?args=${encodeURIComponent(JSON.stringify(args))}`, 'application/octet-stream', bytes),
    saveFile: download,
  }
}

/** A browser keeps files by its own means: a link to the bytes, followed at once. */
async function download(name: string, bytes: Uint8Array<ArrayBuffer>, mime: string): Promise<void> {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([bytes], { type: mime }))
  link.download = name
  link.click()
  // The browser has taken the bytes over by then.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

async function post(path: string, contentType: string, body: BodyInit): Promise<unknown> {
  const answer = await fetch(path, { method: 'POST', headers: { 'content-type': contentType }, body })
  if (!answer.ok) throw await answer.json()
  const json = answer.headers.get('content-type')?.startsWith('application/json')
  return json ? answer.json() : answer.arrayBuffer()
}
