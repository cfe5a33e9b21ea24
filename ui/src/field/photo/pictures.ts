// Pictures as addresses that an <img> can show. The bytes come from the device; a bounded number of them is kept.
import { call } from '@shared/bridge'
import type { PhotoSize } from '@shared/types/PhotoSize'

/** So many pictures stay in memory: some screens of thumbnails. */
const KEPT_MAX = 60

const kept = new Map<string, Promise<string>>()

/** The address of a photo's bytes. Rejects with CallFailed when neither phone nor server has them at hand. */
export function pictureUrl(id: string, size: PhotoSize): Promise<string> {
  const key = `${size}:${id}`
  const known = kept.get(key)
  if (known) {
    // The latest used goes last, so that the first one is the one to let go.
    kept.delete(key)
    kept.set(key, known)
    return known
  }
  const url = call('photo', { id, size }).then((bytes) => URL.createObjectURL(new Blob([bytes], { type: 'image/jpeg' })))
  kept.set(key, url)
  url.catch(() => kept.delete(key))
  letGo()
  return url
}

/** Forgets every picture: nothing of the register stays in sight of a locked phone. */
export function forgetPictures(): void {
  for (const url of kept.values()) url.then((address) => URL.revokeObjectURL(address)).catch(() => undefined)
  kept.clear()
}

function letGo(): void {
  for (const [key, url] of kept) {
    if (kept.size <= KEPT_MAX) return
    kept.delete(key)
    url.then((address) => URL.revokeObjectURL(address)).catch(() => undefined)
  }
}
