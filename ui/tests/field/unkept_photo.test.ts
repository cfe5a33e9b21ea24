// Who reports, or takes a step, while a photo is still being kept does not end the form without it.
import { beforeEach, expect, test, vi } from 'vitest'
import { createRenderer, type Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

const stored: { photos: string[] }[] = []
let keep: ((key: string) => void) | null = null
vi.mock('@field/photo/kept', () => ({
  keepPhoto: () => new Promise<string>((resolve) => (keep = resolve)),
  readPhoto: async () => new Uint8Array(),
  dropPhoto: async () => undefined,
}))
vi.mock('@field/photo/picked', () => ({ keepable: async (file: unknown) => file }))
vi.mock('@field/incident/report', async (real) => ({
  ...(await real<object>()),
  resumeReports: async () => undefined,
  storeReport: async (report: { photos: string[] }) => (stored.push(report), 'i'),
}))
vi.mock('@field/incident/check', () => ({ storeStep: async (_: string, __: string, check: { photos: string[] }) => void stored.push(check) }))
vi.mock('@field/router', () => ({ router: {} }))
vi.mock('@field/state/app', async () => {
  const { createI18n } = await import('vue-i18n')
  return { i18n: createI18n({ legacy: false, locale: 'en', messages: { en: {} }, missingWarn: false, fallbackWarn: false }), appState: { app: null, preferences: {} } }
})
vi.mock('@field/sync/state', () => ({ refreshSync: async () => undefined, syncState: {} }))
vi.mock('@shared/bridge', () => ({ failureOf: (reason: unknown) => reason, call: async () => null, callWithBytes: async () => null, isPhone: () => true }))
vi.stubGlobal('window', Object.assign(globalThis, { history: { state: null } }))
vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:')

beforeEach(() => {
  stored.length = 0
  keep = null
})

/* The pages run without a window: their scripts whole, nothing drawn. */
const { createApp } = createRenderer<object, object>({
  insert: () => undefined, remove: () => undefined, patchProp: () => undefined, setText: () => undefined, setElementText: () => undefined,
  createElement: () => ({}), createText: () => ({}), createComment: () => ({}), parentNode: () => null, nextSibling: () => null,
})
type Setup = Record<string, (...args: unknown[]) => Promise<void>> & { photos: { add: (picture: Blob) => Promise<void> } }
const settled = () => new Promise((resolve) => setTimeout(resolve, 20))

async function opened(page: Component, props: Record<string, unknown>): Promise<Setup> {
  const { i18n } = await import('@field/state/app')
  let setup = {} as Setup
  const drawn = { ...page, render: () => null, ssrRender: undefined, beforeMount(this: { $: { setupState: Setup } }) { setup = this.$.setupState } } as Component
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)', component: { render: () => null } }] })
  await router.push('/report')
  createApp(drawn, props).use(router).use(i18n).provide(Symbol.for('v-scx'), {}).mount({})
  await settled()
  return setup
}

const incident = { id: 'i', may: ['pass'], progress: { state: 'to_verify', steps: [] } }
const forms: [string, () => Promise<{ default: Component }>, Record<string, unknown>, (setup: Setup) => Promise<void>][] = [
  ['a report', () => import('@field/incident/ReportPage.vue'), {}, (setup) => setup.submit!()],
  ['a step', () => import('@field/incident/StepPanel.vue'), { page: incident }, (setup) => setup.take!('pass')],
]

for (const [name, load, props, end] of forms) {
  test(`${name} is stored with the photo that was still being kept, not without it`, async () => {
    const setup = await opened((await load()).default, props)
    const adding = setup.photos.add(new Blob(['x']))
    await settled()
    await end(setup)
    expect(stored).toEqual([])
    keep!('report-photo:a')
    await adding
    await end(setup)
    expect(stored.map(({ photos }) => photos)).toEqual([['report-photo:a']])
  })
}
