// The one way to the server: every call carries the session's cookie, and those that change something also the token which
// proves that they come from this page. What goes wrong becomes a `Refused` with a stable code.
import type { CallRefusal } from '@shared/types/CallRefusal'
import type { ErrorBody } from '@shared/types/ErrorBody'
import type { Problem } from '@shared/types/Problem'

/** Why a call failed: the server's word, or that it could not be reached. */
export type RefusalCode = CallRefusal | 'unreachable'

/** A call that did not succeed. */
export class Refused extends Error {
  constructor(
    readonly code: RefusalCode,
    readonly status: number,
    /** What is wrong with which field, where the code is `invalid`. */
    readonly problems: readonly Problem[] = [],
  ) {
    super(`${code} (${status})`)
  }
}

/** Whether a call was given up by whoever started it, which is no failure. */
export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

/** The code of anything that a call may throw; what is no refusal is a fault of this page and goes to the console's log. */
export function refusalCode(error: unknown): RefusalCode {
  if (error instanceof Refused) return error.code
  console.error(error)
  return 'internal'
}

const PATIENCE_MS = 20_000

let token = ''
let onSignedOut: () => void = () => {}
let renewToken: () => Promise<void> = async () => {}

/** Sets the token that changing calls carry. */
export function carryToken(value: string): void {
  token = value
}

/** Says what to do when the session has ended, and how to get a new token when the server does not know ours; it throws when the
 * session is another account's by now, so that nothing is sent again in its name. */
export function whenRefused(signedOut: () => void, renew: () => Promise<void>): void {
  onSignedOut = signedOut
  renewToken = renew
}

/** Reads. */
export function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>('GET', path, undefined, signal)
}

/** Changes something. */
export function write<T>(path: string, body: unknown = {}): Promise<T> {
  return written<T>(path, body, json)
}

/** Fetches a paper: asked for like a change, since that it was printed is noted. */
export function writeFile(path: string, body: unknown = {}): Promise<Blob> {
  return written(path, body, (answer) => answer.blob())
}

/** Fetches a file. */
export function readFile(path: string): Promise<Blob> {
  return call('GET', path, undefined, undefined, (answer) => answer.blob())
}

type Take<T> = (answer: Response) => Promise<T>

async function json<T>(answer: Response): Promise<T> {
  const text = await answer.text()
  return (text === '' ? null : JSON.parse(text)) as T
}

async function written<T>(path: string, body: unknown, take: Take<T>): Promise<T> {
  try {
    return await call<T>('POST', path, body, undefined, take)
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'wrong_csrf') throw error
    // Another tab signed in again: the cookie is shared, the token is not.
    await renewToken()
    return call<T>('POST', path, body, undefined, take)
  }
}

/** Sends a file as it is; tells how much of it is sent, 0 to 1. */
export async function upload<T>(path: string, file: Blob, told?: (share: number) => void): Promise<T> {
  const text = await (await fetched(path, file, 'application/octet-stream', told)).text()
  return (text === '' ? null : JSON.parse(text)) as T
}

/** Asks for a file, and gives it with the name that the server calls it. */
export async function download(path: string, body: unknown): Promise<{ file: Blob; name: string }> {
  const answer = await fetched(path, JSON.stringify(body), 'application/json')
  const name = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1] ?? path
  try {
    return { file: await answer.blob(), name }
  } catch {
    // The line broke half-way: a part is not the whole.
    throw new Refused('unreachable', 0)
  }
}

/** A changing call that may take its time: a file goes up or comes down. */
async function fetched(path: string, body: Blob | string, kind: string, told?: (share: number) => void): Promise<Response> {
  const once = async () => {
    const headers = { 'content-type': kind, 'x-csrf-token': token }
    const address = `/desk/api/${path}`
    const answer = await (told
      ? sent(address, headers, body, told)
      : fetch(address, { method: 'POST', headers, body, credentials: 'same-origin', cache: 'no-store' }).catch(() => null))
    if (answer === null) throw new Refused('unreachable', 0)
    if (!answer.ok) throw await refusal(answer)
    return answer
  }
  try {
    return await once()
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'wrong_csrf') throw error
    await renewToken()
    return once()
  }
}

/** The same for a file whose sender is told how far it is, which `fetch` cannot tell; null when the server was not reached. */
function sent(address: string, headers: Record<string, string>, body: Blob | string, told: (share: number) => void): Promise<Response | null> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest()
    request.open('POST', address)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.onprogress = (event) => event.lengthComputable && told(event.loaded / event.total)
    request.onload = () => resolve(new Response(request.responseText || null, { status: request.status }))
    request.onerror = request.onabort = request.ontimeout = () => resolve(null)
    request.send(body)
  })
}

async function call<T>(
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  take: Take<T> = json,
): Promise<T> {
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS)
  const giveUp = () => patience.abort()
  signal?.addEventListener('abort', giveUp)
  try {
    const headers: HeadersInit = { accept: 'application/json' }
    if (method !== 'GET') Object.assign(headers, { 'content-type': 'application/json', 'x-csrf-token': token })
    const answer = await fetch(`/desk/api/${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: patience.signal,
    })
    if (!answer.ok) throw await refusal(answer)
    return await take(answer)
  } catch (error) {
    if (error instanceof Refused || signal?.aborted) throw error
    // A network failure, our own patience, or an answer that is not the server's (a proxy's page).
    throw new Refused('unreachable', 0)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
}

async function refusal(answer: Response): Promise<Refused> {
  const body: Partial<ErrorBody> = await answer.json().catch(() => ({}))
  // A gateway in front of a server that is gone answers without our code.
  const code = body.code ?? (answer.status === 502 || answer.status === 503 || answer.status === 504 ? 'unreachable' : 'internal')
  if (code === 'signed_out') onSignedOut()
  return new Refused(code, answer.status, body.problems ?? [])
}
