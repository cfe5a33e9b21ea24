// The photos of an unfinished report: kept by the device, shown from memory.
import { computed, getCurrentScope, onScopeDispose, reactive, ref, type ComputedRef } from 'vue'
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
      // One that cannot be read just now is not gone.
      const bytes = await readPhoto(key).catch(() => undefined)
      if (bytes === null) continue
      if (bytes) pictures[key] = URL.createObjectURL(new Blob([bytes]))
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

/** A form that has photos. */
export interface PhotoForm {
  /** Keys of its photos. */
  keys: () => readonly string[]
  /** So many it takes. */
  most: () => number
  /** Writes the keys down with everything else that stands in the form; done when that is durable. */
  put: (keys: string[]) => Promise<void>
}

/** The photos of a form, as its row shows them. */
export interface FormPhotos {
  keys: ComputedRef<readonly string[]>
  pictures: Readonly<Record<string, string>>
  /** A picked picture is not a part of the form yet: nothing that ends the form may be done. */
  busy: ComputedRef<boolean>
  full: ComputedRef<boolean>
  add: (picture: Blob) => Promise<void>
  remove: (key: string) => void
  /** Shows again what an earlier run kept. */
  load: () => Promise<void>
  /** Lets go of the memory; what is kept stays. */
  forget: () => void
}

/** Pictures that are being kept, of any form. */
let underWay: Promise<void> = Promise.resolve()

/** Done when every picked picture is a part of its form: whoever reads a form's draft again waits for that. */
export const photosKept = (): Promise<void> => underWay

/** Counts this among the pictures that are being kept. */
export function underWayWith(kept: Promise<void>): Promise<void> {
  underWay = Promise.all([underWay, kept.catch(() => undefined)]).then(() => undefined)
  return kept
}

/** The photos of a form: each is a part of it once it is kept, also when the worker has left the form meanwhile. */
export function useFormPhotos(form: PhotoForm): FormPhotos {
  const { pictures, pick, drop, restore, forget } = usePickedPhotos()
  const keeping = ref(0)

  async function add(picture: Blob): Promise<void> {
    if (form.keys().length + keeping.value >= form.most()) {
      tell({ text: i18n.global.t('problem.too_many_photos'), bad: true })
      return
    }
    keeping.value++
    const kept = keep(picture).finally(() => keeping.value--)
    await underWayWith(kept)
  }

  async function keep(picture: Blob): Promise<void> {
    try {
      const key = await pick(picture)
      await form.put([...form.keys(), key])
    } catch (reason) {
      tellNotKept(reason)
    }
  }

  function remove(key: string): void {
    void form.put(form.keys().filter((each) => each !== key)).then(() => drop(key))
  }

  async function load(): Promise<void> {
    const asked = [...form.keys()]
    const found = await restore(asked)
    // A form that nobody has touched is no draft. What was picked meanwhile was not asked for.
    const left = form.keys().filter((key) => !asked.includes(key) || found.includes(key))
    if (left.length !== form.keys().length) await form.put(left)
  }

  if (getCurrentScope()) onScopeDispose(forget)
  return { keys: computed(form.keys), pictures, busy: computed(() => keeping.value > 0), full: computed(() => form.keys().length >= form.most()), add, remove, load, forget }
}

/** Says why a picked picture could not be kept. */
export function tellNotKept(reason: unknown): void {
  // Only a file that no picture can be made of fails without a word of the device.
  const { code } = failureOf(reason)
  tell({ text: i18n.global.t(`common.failure.${code === 'host' ? 'not_an_image' : code}`), bad: true })
}
