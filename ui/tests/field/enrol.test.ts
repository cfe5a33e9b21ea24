// A phone that the server does not accept any more has a place for its new code, and nothing else of it is touched.
import { beforeEach, expect, test, vi } from 'vitest'
import { createSSRApp } from 'vue'
import { createI18n } from 'vue-i18n'
import { renderToString } from 'vue/server-renderer'

const state = { phase: 'safe' }
const asked: unknown[] = []
vi.mock('@field/sync/state', () => ({ syncState: state, refreshSync: async () => undefined }))
vi.mock('@field/shell/notice', () => ({ tell: () => undefined }))
vi.mock('@field/state/app', () => ({ takeAppState: () => undefined }))
let refusal: string | null = null
vi.mock('@shared/bridge', () => ({
  failureOf: (reason: unknown) => reason,
  call: async (_: string, args: unknown) => {
    asked.push(args)
    if (refusal) throw { code: refusal, problems: [] }
    return {}
  },
}))
vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 (Linux; Android 14; M2101 Build/X)' })

beforeEach(() => {
  asked.length = 0
  refusal = null
})

type Setup = Record<string, unknown> & { form: { server: string; code: string }; enrol: () => Promise<void>; problem: string; wrong: string }

const i18n = createI18n({ legacy: false, locale: 'en', messages: { en: {} }, missingWarn: false, fallbackWarn: false })

async function shown() {
  const { default: page } = await import('@field/session/EnrolAgain.vue')
  let setup = {} as Setup
  const drawn = { ...page, created(this: { $: { setupState: Setup } }) { setup = this.$.setupState } }
  const html = await renderToString(createSSRApp(drawn).use(i18n))
  return { html, setup }
}

test('only a phone that was signed out or revoked is asked for a new code', async () => {
  for (const phase of ['never', 'offline', 'waiting', 'sending', 'safe', 'signed_out', 'revoked']) {
    state.phase = phase
    const { html } = await shown()
    expect(html.includes('again-code'), phase).toBe(['signed_out', 'revoked'].includes(phase))
  }
})

test('the new code is handed in with the server and no PIN', async () => {
  state.phase = 'signed_out'
  const { setup } = await shown()
  await setup.enrol()
  expect(asked).toEqual([])
  Object.assign(setup.form, { server: ' grid.example.cn ', code: ' AB12-CD34 ' })
  await setup.enrol()
  expect(asked).toEqual([{ server: 'https://grid.example.cn', code: 'AB12-CD34', pin: '', device_name: 'M2101' }])
})

test("a code of another account is told as that, in the code's place", async () => {
  state.phase = 'signed_out'
  refusal = 'already_enrolled'
  const { setup } = await shown()
  Object.assign(setup.form, { server: 'https://grid.example.cn', code: 'X' })
  await setup.enrol()
  expect([setup.wrong, setup.problem]).toEqual(['code', 'common.failure.already_enrolled'])
})
