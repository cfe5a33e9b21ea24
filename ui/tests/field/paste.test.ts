// What is pasted into a field: one line stays one line, and every character of a note is kept.
import { expect, test, vi } from 'vitest'
import { createSSRApp, type Component } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { createI18n } from 'vue-i18n'
import input from '@field/record/FieldInput.vue'
import type { FieldSpec } from '@shared/types/FieldSpec'
import { FIELDS } from '@shared/types/fields'

vi.mock('@field/state/lists', () => ({ categories: () => [], codesOf: () => [], nameOf: () => '', severities: () => [] }))
vi.mock('@field/state/app', () => ({ appState: {}, i18n: {} }))

/** The input of a field: what its text becomes once `typed` stands in it, and how it is drawn. */
async function entered(kind: string, name: string, typed: string): Promise<{ stored: unknown; drawn: string }> {
  let stored: unknown = null
  let setup: Record<string, unknown> = {}
  const spec = FIELDS[kind]?.find((field) => field.name === name) as FieldSpec
  const watched = { ...input, created(this: { $: { setupState: Record<string, unknown> } }) { setup = this.$.setupState } } as Component
  const app = createSSRApp(watched, { kind, spec, problems: [], modelValue: null, 'onUpdate:modelValue': (now: unknown) => (stored = now) })
  app.use(createI18n({ legacy: false, locale: 'en', messages: { en: {} }, missingWarn: false, fallbackWarn: false }))
  const drawn = await renderToString(app)
  // An area of several lines is bound to the text itself; a line goes through what takes its typing.
  if (drawn.includes('<textarea')) setup.text = typed
  else (setup.take as (now: string) => void)(typed)
  return { stored, drawn }
}

test('a line break that is pasted into a name is a blank before it is stored', async () => {
  for (const [kind, name] of [['person', 'name'], ['building', 'name'], ['incident', 'title']] as const) {
    const { stored, drawn } = await entered(kind, name, 'Wang \r\nFang\u2028Li')
    expect(drawn).toContain('<input')
    expect(stored).toBe('Wang Fang Li')
  }
})

test('emoji and line breaks in a note survive', async () => {
  const note = 'two dogs 🐕‍🦺\nring twice 👍🏽'
  const { stored, drawn } = await entered('visit', 'note', note)
  expect(drawn).toContain('<textarea')
  expect(stored).toBe(note)
})
