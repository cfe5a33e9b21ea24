// The photos of an unfinished report: kept by the device, shown from memory.
import { reactive } from 'vue'
import { failureOf } from '@shared/bridge'
import { dropPhoto, keepPhoto, readPhoto } from '../photo/kept'
import { keepable } from '../photo/picked'
import { tell } from '../shell/notice'
import { i18n } from '../state/app'

/** The picked photos of one form, kept apart from those of other kinds of forms. */
export function usePickedPhotos(prefix?: string) {
  /** Draft key → address for an <img>. */
  const pictures = reactive<Record<string, string>>({})

  /** Keeps a picked picture. Answers its key when it is durable; rejects when it cannot be kept. */
  async function pick(file: Blob): Promise<string> {
    const picture = await keepable(file)
    const key = await keepPhoto(picture, prefix)
    pictures[key] = URL.createObjectURL(picture)
    return key
  }

  /** Shows again the photos that an earlier run kept; answers the keys of those that are still there. */
  async function restore(keys: readonly string[]): Promise<string[]> {
    const found: string[] = []
    for (const key of keys) {
      const bytes = await readPhoto(key).catch(() => null)
      if (!bytes) continue
      pictures[key] = URL.createObjectURL(new Blob([bytes]))
      found.push(key)
    }
    return found
  }

  /** Forgets one photo. */
  function drop(key: string): void {
    revoke(key)
    void dropPhoto(key).catch(() => undefined)
  }

  /** Lets go of the memory; what is kept stays. */
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

/** Says why a picked picture could not be kept. */
export function tellNotKept(reason: unknown): void {
  // Only a file that no picture can be made of fails without a word of the device.
  const { code } = failureOf(reason)
  tell({ text: i18n.global.t(`common.failure.${code === 'host' ? 'not_an_image' : code}`), bad: true })
}
