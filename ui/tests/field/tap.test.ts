// One tap, one record: a double tap stores one visit, and makes one choice between two values.
import { beforeEach, expect, test, vi } from 'vitest'
import type { ConflictLine } from '@shared/types/ConflictLine'

const recorded: unknown[] = []
let refusal: { code: string; problems: { field: string; code: string }[] } | null = null
const told: { text: string; undo?: () => Promise<void> }[] = []
vi.mock('@shared/bridge', () => ({
  failureOf: (reason: unknown) => reason,
  call: async (command: string, args: unknown) => {
    if (refusal) throw refusal
    if (command === 'record_visit') recorded.push(args)
    return { id: `visit-${recorded.length}` }
  },
}))
vi.mock('@field/router', () => ({ router: {} }))
vi.mock('@field/state/app', () => ({ i18n: { global: { t: (key: string) => key } } }))
vi.mock('@field/state/lists', () => ({ codeName: (_: string, code: string) => code }))
vi.mock('@field/sync/state', () => ({ refreshSync: async () => undefined }))
vi.mock('@field/shell/notice', () => ({ tell: (notice: { text: string }) => told.push(notice) }))

const visits = () => import('@field/visit/visits')
const met = { target: 'household', target_kind: 'household', result: 'met' }

beforeEach(() => {
  vi.resetModules()
  vi.useFakeTimers()
  recorded.length = 0
  told.length = 0
  refusal = null
})

test('a second tap on the same, while the first is stored or just after, is no second visit', async () => {
  const { tapVisit } = await visits()
  const first = tapVisit(met, 'x')
  await tapVisit(met, 'x')
  await first
  vi.advanceTimersByTime(200)
  await tapVisit({ ...met, way: 'door', purposes: ['care'] }, 'x')
  expect(recorded).toHaveLength(1)
})

test('another result, another household, and the same later are visits of their own', async () => {
  const { tapVisit } = await visits()
  await tapVisit(met, 'x')
  await tapVisit({ ...met, target: 'next' }, 'y')
  await tapVisit({ ...met, target: 'next', result: 'absent' }, 'y')
  vi.advanceTimersByTime(4000)
  await tapVisit({ ...met, target: 'next', result: 'absent' }, 'y')
  expect(recorded).toHaveLength(4)
})

test('what was taken back, or was not stored, can be tapped again at once', async () => {
  const { tapVisit } = await visits()
  await tapVisit(met, 'x')
  await told[0]!.undo!()
  refusal = { code: 'storage_full', problems: [] }
  expect(await tapVisit(met, 'x')).toBe(false)
  refusal = null
  expect(await tapVisit(met, 'x')).toBe(true)
  expect(recorded).toHaveLength(2)
})

test('a visit that is refused says why: no field is marked anywhere', async () => {
  const { tapVisit } = await visits()
  refusal = { code: 'invalid', problems: [{ field: 'target', code: 'missing_target' }] }
  await tapVisit(met, 'x')
  expect(told.map(({ text }) => text)).toEqual(['problem.missing_target'])
})

test('a conflict is answered once as it is shown; shown differently it can be answered again', async () => {
  const { shownAs } = await import('@field/record/conflict')
  const side = (value: string, at: number) => ({ value, title: null, whose: 'mine' as const, name: null, at })
  const line = { id: 'p', kind: 'person', field: 'name', stamp: '0', present: side('a', 1), other: side('b', 2), restored: false, restorable: true } as unknown as ConflictLine
  expect(shownAs({ ...line })).toBe(shownAs(line))
  for (const other of [{ restored: true }, { present: side('c', 1) }, { present: side('a', 3) }, { field: 'phone' }]) expect(shownAs({ ...line, ...other })).not.toBe(shownAs(line))
})
