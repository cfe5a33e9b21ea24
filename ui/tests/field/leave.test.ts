// Who leaves a form in the middle of its save stays where they went, and hears when nothing was saved.
import { beforeEach, expect, test, vi } from 'vitest'
import { createRenderer, h, type Component } from 'vue'
import { RouterView, createMemoryHistory, createRouter } from 'vue-router'

const asked: string[] = []
let full = false
let reading: Promise<void> | null = null
const saves: { resolve: (value: unknown) => void; reject: (reason: unknown) => void }[] = []
const SAVES = ['order_evacuation', 'add_doors', 'move_household', 'move_person', 'add_dispute_event', 'merge', 'report_hazard']
vi.mock('@field/router', () => ({ router: {} }))
vi.mock('@field/state/live', async () => {
  const { ref } = await import('vue')
  return { useLive: () => ({ data: ref(null), failed: ref(null), reload: () => reading }) }
})
// The dialogs bring their styles along, which are read in a window only.
vi.mock('vant', () => ({}))
vi.mock('vant/es/dialog/style', () => ({}))
vi.mock('@field/state/app', async () => {
  const { createI18n } = await import('vue-i18n')
  return { i18n: createI18n({ legacy: false, locale: 'en', messages: { en: {} }, missingWarn: false, fallbackWarn: false }), appState: { app: null, locale: 'en' } }
})
vi.mock('@field/sync/state', () => ({ refreshSync: async () => undefined, syncState: {} }))
vi.mock('@shared/bridge', () => ({
  failureOf: (reason: unknown) => reason,
  call: (command: string) => {
    asked.push(command)
    if (full && command === 'save_draft') return Promise.reject({ code: 'storage_full', problems: [] })
    if (command === 'compare') return Promise.resolve({ fields: [], stays: 'a', gives_way: 'b', kind: 'person' })
    return SAVES.includes(command) ? new Promise((resolve, reject) => saves.push({ resolve, reject })) : Promise.resolve(null)
  },
}))
vi.stubGlobal('window', Object.assign(globalThis, { history: { state: null } }))

beforeEach(() => {
  asked.length = 0
  saves.length = 0
  full = false
})

/* The pages run without a window: their scripts whole, nothing drawn. */
const { createApp } = createRenderer<object, object>({
  insert: () => undefined, remove: () => undefined, patchProp: () => undefined, setText: () => undefined, setElementText: () => undefined,
  createElement: () => ({}), createText: () => ({}), createComment: () => ({}), parentNode: () => null, nextSibling: () => null,
})
type Setup = Record<string, (...args: unknown[]) => Promise<void>>
const settled = () => new Promise((resolve) => setTimeout(resolve, 20))

async function opened(page: Component, props: object) {
  const { i18n } = await import('@field/state/app')
  let setup = {} as Setup
  const drawn = { ...page, render: () => null, ssrRender: undefined, beforeMount(this: { $: { setupState: Setup } }) { setup = this.$.setupState } } as Component
  const nothing = { render: () => null }
  const router = createRouter({ history: createMemoryHistory(), routes: [
    { path: '/form', component: { render: () => h(drawn, props) } },
    { path: '/slow', component: () => new Promise<typeof nothing>(() => undefined) },
    { path: '/:rest(.*)', component: nothing },
  ] })
  await router.push('/form?born=1')
  createApp({ render: () => h(RouterView) }).use(router).use(i18n).provide(Symbol.for('v-scx'), {}).mount({})
  await settled()
  return { router, setup }
}

const forms: [string, () => Promise<{ default: Component }>, object, (setup: Setup) => Promise<void>, unknown, string][] = [
  ['a call to evacuate', () => import('@field/evacuation/OrderPage.vue'), {}, (setup) => {
    Object.assign(setup.order as unknown as object, { points: ['p'], reason: 'rain', level: 3, drill: false })
    return setup.submit!()
  }, { ids: ['e'] }, '/evacuation/e'],
  ['doors of a building', () => import('@field/doors/AddDoorsPage.vue'), { building: 'b' }, (setup) => setup.add!(), { added: 4, there: 0 }, '/doors/b'],
  ['a move', () => import('@field/household/MovePage.vue'), { id: 'h' }, (setup) => setup.move!({ id: 'd' }), { id: 'h', people: 2, threatened: 0 }, '/household/h'],
  ['a resident who moves', () => import('@field/person/MovePage.vue'), { id: 'p' }, (setup) => {
    Object.assign(setup.words as unknown as object, { to: 'h', relation: '20' })
    return setup.move!()
  }, { id: 'p', household: 'h', relations: 0, threatened: 0 }, '/person/p'],
  ['two entries made one', () => import('@field/same/ComparePage.vue'), { id: 'a', other: 'b' }, (setup) => setup.merge!(), { id: 'a' }, '/person/a'],
  ['a step of a mediation', () => import('@field/dispute/DisputeEventPage.vue'), { id: 'd', step: 'mediation' }, (setup) => setup.save!(), {}, '/dispute/d'],
]

for (const [name, load, props, save, answer, after] of forms) {
  test(`${name}: who waits for the save is led on`, async () => {
    const { router, setup } = await opened((await load()).default, props)
    void save(setup)
    saves[0]!.resolve(answer)
    await settled()
    expect(router.currentRoute.value.path).toBe(after)
  })

  test(`${name}: who left before the save was done stays where they went`, async () => {
    const { router, setup } = await opened((await load()).default, props)
    void save(setup)
    await router.push('/me')
    saves[0]!.resolve(answer)
    await settled()
    expect(router.currentRoute.value.path).toBe('/me')
  })

  test(`${name}: who left hears that nothing was saved, and no draft is forgotten`, async () => {
    const { notice, untell } = await import('@field/shell/notice')
    untell()
    const { router, setup } = await opened((await load()).default, props)
    void save(setup)
    await router.push('/me')
    saves[0]!.reject({ code: 'storage', problems: [] })
    await settled()
    expect(router.currentRoute.value.path).toBe('/me')
    expect(notice.value?.bad).toBe(true)
    expect(notice.value?.text).toContain('form.not_saved')
    expect(asked).not.toContain('drop_draft')
    // One tap leads back to the form, and it asks for its words again.
    const before = asked.filter((command) => command === 'draft').length
    await notice.value?.again?.()
    await settled()
    expect(router.currentRoute.value.fullPath).toBe('/form?born=1')
    expect(asked.filter((command) => command === 'draft').length).toBeGreaterThan(before)
  })
}

test('who left a form whose words found no room is not told that they are kept', async () => {
  const { notice, untell } = await import('@field/shell/notice')
  untell()
  full = true
  const [, load, props, save] = forms[0]!
  const { router, setup } = await opened((await load()).default, props)
  void save(setup)
  await router.push('/me')
  await settled()
  saves[0]!.reject({ code: 'storage', problems: [] })
  await settled()
  expect(notice.value?.text).toContain('form.not_saved_lost')
})

test('who came back to the form before the save failed is not sent there once more', async () => {
  const { notice, untell } = await import('@field/shell/notice')
  untell()
  const { router, setup } = await opened((await import('@field/doors/AddDoorsPage.vue')).default, { building: 'b' })
  void setup.add!()
  await router.push('/me')
  await router.push('/form?born=1')
  saves[0]!.reject({ code: 'storage', problems: [] })
  await settled()
  expect(notice.value?.bad).toBe(true)
  expect(notice.value?.again).toBeUndefined()
})

test('a hazard that became an incident is opened only for who waits for it', async () => {
  const { useReportHazard } = await import('@field/inspection/report')
  for (const left of [false, true]) {
    saves.length = 0
    const { router, setup } = await opened({ setup: () => ({ run: useReportHazard().report }) }, {})
    void setup.run!('i', 'item')
    if (left) await router.push('/me')
    saves[0]!.resolve({ id: 'n' })
    await settled()
    expect(router.currentRoute.value.path).toBe(left ? '/me' : '/incident/n')
  }
})

test('from a care plan that was left to a colleague only who waits for that is led to the others', async () => {
  const { default: page } = await import('@field/care/CarePlanPage.vue')
  for (const left of [false, true]) {
    let read: (value: void) => void = () => undefined
    reading = new Promise((resolve) => (read = resolve))
    const { router, setup } = await opened(page, { id: 'c' })
    Object.assign(setup, { failed: 'not_found' })
    void setup.written!('responsible')
    if (left) await router.push('/me')
    read()
    await settled()
    expect(router.currentRoute.value.path).toBe(left ? '/me' : '/care')
  }
})

test('who has chosen a page that is still being fetched is not led elsewhere', async () => {
  const { default: page } = await import('@field/doors/AddDoorsPage.vue')
  const { router, setup } = await opened(page, { building: 'b' })
  void setup.add!()
  void router.push('/slow')
  await settled()
  saves[0]!.resolve({ added: 1, there: 0 })
  await settled()
  expect(router.currentRoute.value.path).toBe('/form')
})
