// What the phone refuses — room, camera, position — is told in a sentence, and nothing of the form is lost.
import { beforeEach, expect, test, vi } from 'vitest'
import { createSSRApp, ref, type Component } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { makeI18n, messages } from '@shared/i18n'
import { emptyReport, type Report } from '@field/incident/report'

const device = vi.hoisted(() => ({ drafts: new Map<string, unknown>(), room: Infinity, position: (): Promise<unknown> => Promise.reject('denied') }))
vi.mock('@field/router', () => ({ router: {} }))
vi.mock('@field/state/app', async () => {
  const { makeI18n: make, messages: of } = await import('@shared/i18n')
  const i18n = make()
  i18n.global.setLocaleMessage('zh', (await of('zh', 'field')) as Record<string, never>)
  return { i18n, appState: {} }
})
vi.mock('@field/sync/state', () => ({ refreshSync: async () => undefined, syncState: {} }))
vi.mock('@field/photo/MarkSheet.vue', () => ({ default: { render: () => null } }))
vi.mock('@field/photo/picked', async (real) => ({ ...(await real<object>()), keepable: (file: Blob) => Promise.resolve(file), base64OfFile: () => Promise.resolve('A'.repeat(500_000)) }))
vi.mock('@shared/bridge', () => {
  const full = { code: 'storage_full', problems: [] }
  const call = async (command: string, args: { key: string; value: unknown }) => {
    if (command === 'draft') return device.drafts.has(args.key) ? { value: device.drafts.get(args.key) } : null
    if (command === 'drop_draft') return device.drafts.delete(args.key)
    const size = JSON.stringify(args.value).length
    if (size > device.room) throw full
    device.room -= size
    device.drafts.set(args.key, args.value)
    return {}
  }
  return { call, callWithBytes: () => Promise.reject(full), failureOf: (reason: { code?: string }) => (reason.code ? reason : { code: 'host', problems: [] }), isPhone: () => true, readPosition: () => device.position() }
})
vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:', revokeObjectURL: () => undefined }))
vi.stubGlobal('navigator', { userAgent: 'Android' })
vi.stubGlobal('window', globalThis)

beforeEach(() => {
  device.drafts.clear()
  device.room = Infinity
})

type Setup = Record<string, (...args: unknown[]) => Promise<unknown>> & Record<string, unknown>
/** The page in a language, drawn after `doing` was done with it. */
async function drawn(page: Component, language: 'zh' | 'en', props: object, doing: (setup: Setup) => unknown): Promise<string> {
  const played = {
    ...(page as object),
    async serverPrefetch(this: { $: { setupState: Setup } }) {
      await doing(this.$.setupState)
    },
  } as Component
  const app = createSSRApp(played, { ...props })
  const i18n = makeI18n()
  i18n.global.setLocaleMessage(language, (await messages(language, 'field')) as Record<string, never>)
  i18n.global.locale.value = language
  const html = await renderToString(app.use(i18n))
  return html.replaceAll('&#39;', "'")
}

const SAID = { zh: '手机存储空间不足', en: 'storage is full' } as const

test('a photo that finds no room is told, and the form keeps its words and its other photos', async () => {
  const { notice } = await import('@field/shell/notice')
  const { default: row } = await import('@field/incident/PhotoRow.vue')
  const keys = ref(['report-photo:there'])
  device.drafts.set('report-photo:there', { pieces: 1 })
  device.drafts.set('report-photo:there:0', 'AAAA')
  device.drafts.set('report', { title: 'lamp' })
  device.room = 300_000
  const { useFormPhotos } = await import('@field/incident/picked')
  const photos = useFormPhotos({ keys: () => keys.value, most: () => 9, put: async (now) => void (keys.value = now) })
  const page = await drawn(row, 'zh', { label: '', name: 'p', photos }, () => photos.add(new Blob(['x'])))
  expect(notice.value).toMatchObject({ bad: true })
  expect(notice.value?.text).toContain(SAID.zh)
  expect(keys.value).toEqual(['report-photo:there'])
  expect(device.drafts.get('report')).toEqual({ title: 'lamp' })
  expect(page, 'the button can be tapped again').not.toContain('disabled')
})

test('a photo of a stored record that finds no room is told as well', async () => {
  const { notice, untell } = await import('@field/shell/notice')
  const { addPhotos } = await import('@field/photo/add')
  untell()
  await addPhotos({ subject: 'i', subject_kind: 'incident', photo_kind: 'scene', note: null }, [new File(['x'], 'a.jpg')])
  expect(notice.value).toMatchObject({ bad: true })
  expect(notice.value?.text).toContain(SAID.zh)
})

test('a camera that may not be used, or was closed, is told beside its button and takes nothing away', async () => {
  const { default: picker } = await import('@field/photo/PhotoPicker.vue')
  for (const language of ['zh', 'en'] as const) {
    const { field } = (await messages(language, 'field')) as unknown as { field: { photo: { none_taken: string } } }
    let picked = 0
    const props = { name: 'p', onPicked: () => picked++ }
    expect(await drawn(picker, language, props, () => undefined)).not.toContain(field.photo.none_taken)
    const closed = await drawn(picker, language, props, (setup) => setup.without!())
    expect(closed).toContain(field.photo.none_taken)
    expect(picked).toBe(0)
  }
})

for (const why of ['denied', 'unknown'] as const) {
  test(`a position that is ${why} is told in both languages, and the report is as it was`, async () => {
    const { default: place } = await import('@field/incident/ReportPlace.vue')
    device.position = () => Promise.reject(why)
    for (const language of ['zh', 'en'] as const) {
      const said = ((await messages(language, 'field')) as unknown as { field: { report: { no_position: Record<string, string> } } }).field.report.no_position[why]!
      const report: Report = { ...emptyReport(), title: 'lamp', text: 'since yesterday', place: 'gate', photos: ['report-photo:a'] }
      const before = structuredClone(report)
      const page = await drawn(place, language, { modelValue: report, problems: [] }, (setup) => setup.locate!())
      expect(page).toContain(said)
      expect(page, 'it can be asked again').not.toContain('disabled')
      expect(report).toEqual(before)
    }
  })
}

test('a denied position leaves what was typed into a form', async () => {
  const { default: input } = await import('@field/record/PositionInput.vue')
  device.position = () => Promise.reject('denied')
  let now: unknown = { lat: 33.157, lng: 107.333 }
  const props = { id: 'p', wrong: false, modelValue: now, 'onUpdate:modelValue': (value: unknown) => (now = value) }
  const page = await drawn(input, 'zh', props, (setup) => setup.take!())
  const { field } = (await messages('zh', 'field')) as unknown as { field: { map: { no_position: { denied: string } } } }
  expect(page).toContain(field.map.no_position.denied)
  expect(now).toEqual({ lat: 33.157, lng: 107.333 })
  expect(page).toContain('33.157')
})
