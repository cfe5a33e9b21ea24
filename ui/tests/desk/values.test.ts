// How stored values are read by people.
import { expect, test } from 'vitest'
import { FIELDS } from '@shared/types/fields'
import { codeName } from '@desk/parts/names'
import { isShown, orderOf, valueText, type Reading } from '@desk/record/values'

const name = (code: string, name_zh: string, name_en: string) => ({ code, name_zh, name_en, common: true })
const zh: Reading = {
  language: 'zh',
  codes: {
    dwelling_use: [name('own', '自住', 'lived in by the owner'), name('let', '出租', 'let')],
    visit_purpose: [name('care', '关爱探访', 'care visit'), name('safety', '安全提醒', 'safety advice')],
  },
  lists: {
    checklists: [
      {
        code: 'shop',
        title_zh: '九小场所消防检查',
        title_en: 'fire safety of small premises',
        subjects: ['premises'],
        category: '0301',
        retired: false,
        items: [
          { id: 'exit', text_zh: '出口畅通', text_en: 'exit is free', type: 'ok_bad_na', severity: null, category: null, retired: false },
          { id: 'year', text_zh: '建造年份', text_en: 'year of building', type: 'year', severity: null, category: null, retired: false },
        ],
      },
    ],
    purposes: [], holidays: [], departments: [],
    version: 1,
    categories: [
      { code: '03', parent: '', name_zh: '消防', name_en: 'fire', default_severity: null, first_handler_zh: '', retired: false },
      { code: '0301', parent: '03', name_zh: '通道堵塞', name_en: 'blocked exit', default_severity: 2, first_handler_zh: '', retired: true },
    ],
    sheets: [],
    care: { a: 7, b: 30, c: 90 },
    severities: [{ level: 2, name_zh: '较急', name_en: 'urgent', accept_within: '', feedback_within: '', close_within: '' }],
  },
  refs: { 'a-door': { title: '3号楼 2单元 501室' } },
  author: null,
  place: (code) => (code === '610722001001001' ? '江湾社区 第1网格' : null),
  yes: '是',
  no: '否',
  comma: '、',
  people: { 'worker-3': '第3网格网格员' },
  checklist: 'shop',
  say: (key, values) => `${key}(${Object.values(values ?? {}).join('|')})`,
}
const en: Reading = { ...zh, language: 'en', yes: 'yes', no: 'no', comma: ', ' }

test('codes are shown by their names in the language of the screen', () => {
  expect(valueText('dwelling', 'use', 'let', zh)).toBe('出租')
  expect(valueText('dwelling', 'use', 'let', en)).toBe('let')
  expect(valueText('visit', 'purposes', ['care', 'safety'], zh)).toBe('关爱探访、安全提醒')
})

test('a code that no list knows is called by itself, and none by nothing', () => {
  expect(codeName('dwelling_use', 'let', en)).toBe('let')
  expect(codeName('dwelling_use', 'own', zh)).toBe('自住')
  expect(codeName('dwelling_use', 'newer', zh)).toBe('newer')
  expect(codeName('look_reason', 'audit', zh)).toBe('audit')
  expect(codeName('dwelling_use', null, zh)).toBe('')
})

test('a retired category is still readable, under its group', () => {
  expect(valueText('incident', 'category', '0301', zh)).toBe('消防 / 通道堵塞')
  expect(valueText('incident', 'severity', 2, en)).toBe('2 · urgent')
})

test('days and moments are written out', () => {
  expect(valueText('person', 'birth_date', '1958-03-07', zh)).toBe('1958年3月7日')
  expect(valueText('person', 'birth_date', '1958-03-07', en)).toBe('7 Mar 1958')
  expect(valueText('visit', 'at', Date.UTC(2026, 10, 22, 12), zh)).toMatch(/^2026年11月2[123]日 \d\d:\d\d$/)
})

test('referenced records are shown by their title, cells by their place', () => {
  expect(valueText('household', 'dwelling', 'a-door', zh)).toBe('3号楼 2单元 501室')
  expect(valueText('person', 'cell', '610722001001001', zh)).toBe('江湾社区 第1网格')
})

test('the maker of a record is called by name', () => {
  expect(valueText('visit', 'by', 'worker-7', { ...zh, author: '第1网格网格员' })).toBe('第1网格网格员')
  expect(valueText('visit', 'by', 'worker-7', zh)).toBe('worker-7')
})

test('positions, yes and no, texts with line breaks', () => {
  expect(valueText('building', 'position', { lat: 33.15312, lng: 107.33, accuracy_m: 12.4 }, zh)).toBe('33.15312, 107.33000 ± 12 m')
  expect(valueText('incident', 'reply_wanted', false, zh)).toBe('否')
  expect(valueText('incident', 'text', '一\n二', zh)).toBe('一\n二')
})

test('nothing reads as nothing, and what cannot be read is shown as it was stored', () => {
  expect(valueText('person', 'phone', null, zh)).toBe('')
  expect(valueText('visit', 'needs', [], zh)).toBe('')
  expect(valueText('dwelling', 'use', 'houseboat', zh)).toBe('houseboat')
  expect(valueText('person', 'birth_date', '1958-3-7', zh)).toBe('1958-3-7')
  expect(valueText('person', 'of_a_newer_version', { a: 1 }, zh)).toBe('{"a":1}')
  expect(valueText('building', 'position', 'somewhere', zh)).toBe('somewhere')
})

test('fields for programs are not shown and the others stand as in the forms', () => {
  expect(isShown('visit', 'target_kind')).toBe(false)
  expect(isShown('visit', 'result')).toBe(true)
  expect(orderOf('person', 'name')).toBeLessThan(orderOf('person', 'phone'))
  expect(orderOf('person', 'of_a_newer_version')).toBeGreaterThan(orderOf('person', 'cell'))
})

test('what an inspection found is read by the words of its checklist', () => {
  expect(valueText('inspection', 'checklist', 'shop', zh)).toBe('九小场所消防检查')
  expect(valueText('inspection', 'answers', { exit: 'bad', other: 'ok' }, zh)).toBe('answer.bad(出口畅通)\nanswer.ok(1)')
  expect(valueText('inspection', 'facts', { year: '1987' }, en)).toBe('pair(year of building|1987)')
  const hazard = { item: 'exit', text: '堆放纸箱', severity: 2, due: '2026-12-01' }
  expect(valueText('inspection', 'hazards', [hazard], zh)).toBe('pair(出口畅通 · 2 · 较急 · due(2026年12月1日)|堆放纸箱)')
  expect(valueText('inspection', 'answers', 'of a newer version', zh)).toBe('of a newer version')
  expect(valueText('recheck', 'item', 'exit', { ...en, checklist: null })).toBe('exit is free')
  expect(valueText('recheck', 'item', 'of_before', zh)).toBe('of_before')
})

test('parties, mediators and amounts of a dispute are words, not brackets', () => {
  const parties = [
    { name: '单雄', side: 'applicant', phone: '13800001111' },
    { name: '查敏', side: 'respondent' },
  ]
  expect(valueText('dispute', 'parties', parties, zh)).toBe(
    'pair(side.applicant()|单雄) (13800001111)\npair(side.respondent()|查敏)',
  )
  expect(valueText('dispute', 'mediators', ['王五', '李四'], zh)).toBe('王五、李四')
  expect(valueText('dispute', 'amount', '7072300.00', zh)).toBe('7,072,300.00')
  expect(valueText('dispute', 'perform_by', '2027-01-31', zh)).toBe('2027年1月31日')
})

test('whoever is responsible is called by name', () => {
  expect(valueText('care_plan', 'responsible', 'worker-3', zh)).toBe('第3网格网格员')
  expect(valueText('care_plan', 'responsible', 'worker-9', zh)).toBe('worker-9')
})

test('every field of every reviewed kind has a way to be read', () => {
  const reviewed = ['building', 'dwelling', 'household', 'person', 'visit', 'incident', 'tenancy', 'premises', 'care_plan', 'dispute', 'inspection', 'hazard_point', 'threatened_household']
  const known = ['text', 'lines', 'name', 'phone', 'document_number', 'int', 'code', 'codes', 'category', 'bool', 'past_date', 'date', 'past_moment', 'moment', 'ref', 'refs', 'position', 'account', 'division', 'names', 'yuan', 'parties', 'answers', 'item_words', 'hazards']
  for (const kind of reviewed) for (const spec of (FIELDS[kind] ?? []).filter(({ name }) => isShown(kind, name))) expect(known, `${kind}.${spec.name}`).toContain(spec.type)
})
