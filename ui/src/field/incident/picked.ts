// The photos of an unfinished report: each kept by the device as a draft of its own, shown from memory.
import { reactive } from 'vue'
import { call } from '@shared/bridge'
import { base64OfFile, bytesOfBase64, keepable } from '../photo/picked'

/** A key that no other photo has. (`randomUUID` is missing where the window's own scheme counts as insecure.) */
function freshKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The picked photos of one form. */
export function usePickedPhotos() {
  /** Draft key → address for an <img>. */
  const pictures = reactive<Record<string, string>>({})

  /** Keeps a picked file. Answers its key when it is durable; null when the file cannot be read as a picture. */
  async function pick(file: File): Promise<string | null> {
    const key = `report-photo:${freshKey()}`
    try {
      const picture = await keepable(file)
      await call('save_draft', { key, value: { data: await base64OfFile(picture) } })
      pictures[key] = URL.createObjectURL(picture)
      return key
    } catch {
      return null
    }
  }

  /** Shows again the photos that an earlier run kept; answers the keys of those that are still there. */
  async function restore(keys: readonly string[]): Promise<string[]> {
    const found: string[] = []
    for (const key of keys) {
      const draft = await call('draft', { key }).catch(() => null)
      if (!draft) continue
      const bytes = bytesOfBase64(String((draft.value as { data: unknown }).data))
      pictures[key] = URL.createObjectURL(new Blob([bytes]))
      found.push(key)
    }
    return found
  }

  /** Forgets one photo. */
  function drop(key: string): void {
    revoke(key)
    void call('drop_draft', { key }).catch(() => undefined)
  }

  /** Lets go of the memory; the drafts stay. */
  function forget(): void {
    for (const key of Object.keys(pictures)) revoke(key)
  }

  function revoke(key: string): void {
    const url = pictures[key]
    if (url) URL.revokeObjectURL(url)
    delete pictures[key]
  }

  return { pictures, pick, drop, restore, forget }
}
