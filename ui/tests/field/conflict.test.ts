// A field with two values: both are there with whose they are, numbers stay masked, and each has the button that its state asks for.
import { createSSRApp, h } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { beforeAll, expect, test, vi } from 'vitest'
import { messages } from '@shared/i18n'
import type { ConflictLine } from '@shared/types/ConflictLine'
import type { ConflictSide } from '@shared/types/ConflictSide'
import ConflictNote from '@field/record/ConflictNote.vue'
import { conflictsInForm, fieldLabel, shownSide, whoseWords } from '@field/record/conflict'
import { i18n } from '@field/state/app'

// The app asks the window whether the phone is dark as soon as it is loaded.
vi.hoisted(() => vi.stubGlobal('window', { matchMedia: () => ({ matches: false, addEventListener: () => undefined }) }))

beforeAll(async () => {
  for (const language of ['zh', 'en'] as const) i18n.global.setLocaleMessage(language, (await messages(language, 'field')) as Record<string, never>)
})

const side = (value: unknown, whose: ConflictSide['whose'], name: string | null = null): ConflictSide => ({ value, title: null, whose, name, at: 1_795_312_800_000 })
const line = (more: Partial<ConflictLine> = {}): ConflictLine => ({
  id: 'somebody',
  kind: 'person',
  field: 'name',
  stamp: '0',
  seen: '1',
  present: side('单文', 'mine'),
  other: side('单雯', 'colleague', '李四'),
  restored: false,
  restorable: true,
  ...more,
})
async function shown(conflicts: ConflictLine[], language: 'zh' | 'en' = 'zh'): Promise<string> {
  i18n.global.locale.value = language
  return renderToString(createSSRApp({ render: () => h(ConflictNote, { conflicts }) }).use(i18n))
}

test('both values are shown, each with whose it is', async () => {
  const html = await shown([line()])
  for (const words of ['姓名', '单文', '您填的', '单雯', '李四填的', '现在用的', '另一个']) expect(html).toContain(words)
  expect(html).toContain('data-test="conflict-restore-name"')
  expect(html).toContain('data-test="conflict-keep-name"')
  const english = await shown([line()], 'en')
  for (const words of ['Name', 'in use', 'the other', '李四', 'Use this']) expect(english).toContain(words)
})

test('nothing is shown when nothing is to be decided', async () => {
  expect(await shown([])).not.toContain('conflict')
})

test("a form leaves to the plan's page whose the plan is", () => {
  const whose = line({ kind: 'care_plan', field: 'responsible' })
  const helper = line({ kind: 'care_plan', field: 'helper_phone' })
  const other = line({ kind: 'building', field: 'name' })
  expect(conflictsInForm([whose, helper, other])).toEqual([helper, other])
})

test('telephone and document numbers stay masked until they are tapped', async () => {
  const html = await shown([
    line({ field: 'phone', present: side('13812345678', 'mine'), other: side('13987654321', 'colleague', '李四') }),
    line({ field: 'document_number', present: side('11010519491231002X', 'mine'), other: side('110105194912310038', 'desk', '王五') }),
  ])
  for (const hidden of ['13812345678', '13987654321', '11010519491231002X', '110105194912310038']) expect(html).not.toContain(hidden)
  for (const masked of ['138****5678', '139****4321', '110***********002X', '王五在后台改的']) expect(html).toContain(masked)
})

test('a value that was put back can be changed back with the same button', async () => {
  const html = await shown([line({ restored: true })])
  expect(html).toContain('换回来')
  expect(html).toContain('已经换好')
  expect(html).not.toContain('用哪个')
})

test('whoever may not write the record is shown both and offered nothing', async () => {
  const html = await shown([line({ restorable: false })])
  expect(html).not.toContain('conflict-restore-name')
  expect(html).toContain('知道了')
})

test('an own value of another phone, one of the desk and one of nobody known are told apart', () => {
  i18n.global.locale.value = 'zh'
  expect(whoseWords({ whose: 'mine_elsewhere', name: null })).toBe('您在另一台手机上填的')
  expect(whoseWords({ whose: 'desk', name: null })).toBe('后台改的')
  expect(whoseWords({ whose: 'colleague', name: null })).toBe('别人填的')
  expect(whoseWords({ whose: 'unknown', name: null })).toBe('别人填的')
})

test('a value that names a person is shown by the name, an empty one as empty, a choice by its word', async () => {
  i18n.global.locale.value = 'zh'
  const head = line({ kind: 'household', field: 'head' })
  expect(shownSide(head, { ...side('0198', 'mine'), title: '单雄' }).text).toBe('单雄')
  expect(shownSide(line({ field: 'phone' }), side(null, 'mine'))).toMatchObject({ text: '', masked: null })
  expect(shownSide(line({ kind: 'incident', field: 'reply_wanted' }), side(true, 'mine')).text).toBe('是')
  expect(fieldLabel('person', 'deleted')).toBe('删除标记')
  expect(await shown([line({ other: side(null, 'mine') })])).toContain('（空）')
})

test('a day, an amount and a list of names can be read in both languages', async () => {
  const lines = [
    line({ kind: 'tenancy', field: 'ends_on', present: side('2027-01-31', 'mine'), other: side('2027-06-30', 'colleague', '李四') }),
    line({ kind: 'dispute', field: 'amount', present: side('1200.00', 'mine'), other: side('12000.00', 'colleague', '李四') }),
    line({ kind: 'dispute', field: 'mediators', present: side(['王五'], 'mine'), other: side(['王五', '赵六'], 'colleague', '李四') }),
  ]
  const html = await shown(lines)
  for (const words of ['到期', '2027-06-30', '涉及金额（元）', '12000.00', '调解员', '王五、赵六']) expect(html).toContain(words)
  const english = await shown(lines, 'en')
  for (const words of ['Until', '2027-06-30', 'Amount (yuan)', '12000.00', 'Mediators', '王五, 赵六']) expect(english).toContain(words)
})
