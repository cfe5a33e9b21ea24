// Picked photos of an unfinished form, kept by the device as drafts until they are stored: a kill loses none.
//
// A draft is bounded (256 kB), so a photo is kept in pieces: `<key>:<n>`, and under `<key>` itself their number, written last.
import { call } from '@shared/bridge'
import { base64OfFile, bytesOfBase64 } from './picked'

const PREFIX = 'report-photo:'
/** Base64 characters of a piece; a multiple of four, so that every piece can be read by itself. */
const PIECE_CHARS = 240_000

/** A key that no other photo has. (`randomUUID` is missing where the window's own scheme counts as insecure.) */
function freshKey(prefix: string): string {
  return prefix + Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Whether this run of the app has kept any: pieces of one that is being kept are named by no form yet. */
let began = false

/** Keeps a picture, under the name of its kind of form, and answers its key once it is durable. */
export async function keepPhoto(picture: Blob, prefix = PREFIX): Promise<string> {
  began = true
  const key = freshKey(prefix)
  const text = await base64OfFile(picture)
  const pieces = Math.ceil(text.length / PIECE_CHARS)
  for (let piece = 0; piece < pieces; piece++) {
    const value = text.slice(piece * PIECE_CHARS, (piece + 1) * PIECE_CHARS)
    await call('save_draft', { key: `${key}:${piece}`, value })
  }
  await call('save_draft', { key, value: { pieces } })
  return key
}

async function piecesOf(key: string): Promise<number | null> {
  const draft = await call('draft', { key })
  return draft ? Number((draft.value as { pieces: unknown }).pieces) : null
}

/** The bytes of a kept photo; null when it is not there any more. */
export async function readPhoto(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const pieces = await piecesOf(key)
  if (pieces === null) return null
  const texts: string[] = []
  for (let piece = 0; piece < pieces; piece++) {
    const draft = await call('draft', { key: `${key}:${piece}` })
    if (!draft) return null
    texts.push(String(draft.value))
  }
  return bytesOfBase64(texts.join(''))
}

/** Forgets a kept photo. */
export async function dropPhoto(key: string): Promise<void> {
  const pieces = (await piecesOf(key)) ?? 0
  await call('drop_draft', { key })
  for (let piece = 0; piece < pieces; piece++) await call('drop_draft', { key: `${key}:${piece}` })
}

/** Forgets whatever is kept of photos that no form names any more: pieces that a kill left behind. Not once photos were picked. */
export async function sweepPhotos(named: ReadonlySet<string>, prefix = PREFIX): Promise<void> {
  if (began) return
  for (const { key } of await call('drafts', {})) {
    if (!key.startsWith(prefix)) continue
    const photo = prefix + (key.slice(prefix.length).split(':')[0] ?? '')
    if (!named.has(photo)) await call('drop_draft', { key })
  }
}
