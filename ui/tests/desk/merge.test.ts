// Of what an incident may be a duplicate: a step names nothing of another cell, so nothing of one is offered.
import { expect, test, vi } from 'vitest'
import { createRenderer, nextTick, type Component } from 'vue'
import type { DeskIncident } from '@shared/types/DeskIncident'
import * as calls from '@desk/incidents/calls'
import MergeSearch from '@desk/incidents/MergeSearch.vue'

vi.mock('@desk/incidents/calls')
vi.mock('vue-i18n', () => ({ useI18n: () => ({ t: (key: string) => key }) }))

/* The sheet runs without a window: its script whole, nothing drawn. */
const { createApp } = createRenderer<object, object>({
  insert: () => undefined, remove: () => undefined, patchProp: () => undefined, setText: () => undefined, setElementText: () => undefined,
  createElement: () => ({}), createText: () => ({}), createComment: () => ({}), parentNode: () => null, nextSibling: () => null,
})

test('with words and without, it is looked for in the cell of the incident alone', async () => {
  vi.useFakeTimers()
  vi.mocked(calls.incidents).mockResolvedValue({ items: [] } as never)
  const page = { id: 'one', cell: '610722001001001', category: '0601' } as DeskIncident
  let setup = { text: '' }
  const drawn = { ...MergeSearch, render: () => null, ssrRender: undefined, beforeMount(this: { $: { setupState: { text: string } } }) { setup = this.$.setupState } } as Component
  createApp(drawn, { page, modelValue: null }).provide(Symbol.for('v-scx'), {}).mount({})
  await vi.advanceTimersByTimeAsync(300)
  expect(vi.mocked(calls.incidents).mock.lastCall?.[0]).toMatchObject({ place: page.cell, category: '0601' })
  setup.text = '井盖'
  await nextTick()
  await vi.advanceTimersByTimeAsync(300)
  expect(vi.mocked(calls.incidents).mock.lastCall?.[0]).toMatchObject({ place: page.cell, text: '井盖', over: 'all' })
  vi.useRealTimers()
})
