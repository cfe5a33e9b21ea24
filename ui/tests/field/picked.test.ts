// The photos of a form: each becomes a part of it, whatever else happens meanwhile.
import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope, reactive } from 'vue'

/** Kept photos by key; what is being read or kept waits until it is let go. */
const kept = new Map<string, Uint8Array | Error>()
const waiting: (() => void)[] = []
const later = <T>(answer: () => T) => new Promise<T>((resolve, reject) => waiting.push(() => {
  try {
    resolve(answer())
  } catch (reason) {
    reject(reason as Error)
  }
}))
const go = async () => {
  for (let turn = 0; turn < 10; turn++) {
    waiting.splice(0).forEach((each) => each())
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
}
vi.mock('@field/photo/kept', () => ({
  keepPhoto: (picture: string) => later(() => (kept.set(picture, new Uint8Array()), picture)),
  readPhoto: (key: string) => later(() => {
    const found = kept.get(key)
    if (found instanceof Error) throw found
    return found ?? null
  }),
  dropPhoto: async (key: string) => void kept.delete(key),
}))
vi.mock('@field/photo/picked', () => ({ keepable: async (file: unknown) => file }))
vi.mock('@shared/bridge', () => ({ failureOf: () => ({ code: 'host', problems: [], wait_ms: null }) }))
const told: string[] = []
vi.mock('@field/shell/notice', () => ({ tell: (notice: { text: string }) => told.push(notice.text) }))
vi.mock('@field/state/app', () => ({ i18n: { global: { t: (key: string) => key } } }))
vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:')
vi.spyOn(URL, 'revokeObjectURL').mockReturnValue(undefined)

const picture = (name: string) => name as unknown as Blob

/** A form with photos, and what is durable of it. */
async function form(keys: string[], most = 9) {
  const { photosKept, useFormPhotos } = await import('@field/incident/picked')
  const standing = reactive({ keys })
  const durable: string[][] = []
  const scope = effectScope()
  const photos = scope.run(() => useFormPhotos({
    keys: () => standing.keys,
    most: () => most,
    async put(now) {
      standing.keys = now
      durable.push([...now])
    },
  }))!
  return { standing, durable, scope, photos, photosKept }
}

beforeEach(() => {
  kept.clear()
  waiting.length = 0
  told.length = 0
})

test('a photo that is picked while the form restores its photos stays, and one that is gone goes', async () => {
  kept.set('old', new Uint8Array())
  const { photos, standing } = await form(['old', 'gone'])
  const loading = photos.load()
  const adding = photos.add(picture('new'))
  await go()
  await Promise.all([loading, adding])
  expect([...standing.keys].sort()).toEqual(['new', 'old'])
})

test('a photo that cannot be read just now is not taken out of the form', async () => {
  kept.set('old', new Error('busy'))
  const { photos, standing, durable } = await form(['old'])
  const loading = photos.load()
  await go()
  await loading
  expect(standing.keys).toEqual(['old'])
  expect(durable).toEqual([])
})

test('while a picture is being kept the form says so, and whoever left it loses nothing', async () => {
  const { photos, durable, scope, photosKept } = await form([])
  const adding = photos.add(picture('new'))
  expect(photos.busy.value).toBe(true)
  scope.stop()
  let read = false
  void photosKept().then(() => (read = true))
  await Promise.resolve()
  expect(read).toBe(false)
  await go()
  await adding
  expect(durable).toEqual([['new']])
  expect(read).toBe(true)
})

test('pictures that are used quickly all become photos, up to the most there may be', async () => {
  const { photos, standing } = await form(['a'], 3)
  kept.set('a', new Uint8Array())
  const adding = ['b', 'c', 'd'].map((name) => photos.add(picture(name)))
  await go()
  await Promise.all(adding)
  expect([...standing.keys].sort()).toEqual(['a', 'b', 'c'])
  expect(told).toEqual(['problem.too_many_photos'])
})

test('each of several calls in turn is done, also after one that failed', async () => {
  const { useInTurn } = await import('@field/state/once')
  const done: number[] = []
  const { busy, run } = useInTurn(async (n: number) => {
    await new Promise((resolve) => setTimeout(resolve, 5 - n))
    if (n === 1) throw new Error('no')
    done.push(n)
  })
  const calls = [0, 1, 2].map((n) => run(n).catch(() => undefined))
  expect(busy.value).toBe(true)
  await Promise.all(calls)
  expect(done).toEqual([0, 2])
  expect(busy.value).toBe(false)
})
