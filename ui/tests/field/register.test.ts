// The register's small pieces: what stands on a door's tile, a tenancy's days, what is compared while it is typed, one tap at a time.
import { expect, test, vi } from 'vitest'
import { stateWords } from '@field/doors/door'
import { term } from '@field/dwelling/term'
import { formFields } from '@field/record/forms'
import { comparedWords, pick } from '@field/same/compared'
import { TELLING } from '@field/same/telling'
import { i18n } from '@field/state/app'
import { useOnce } from '@field/state/once'
import doors from '@shared/i18n/zh/field/doors.json'
import { FIELDS } from '@shared/types/fields'

vi.hoisted(() => vi.stubGlobal('window', { matchMedia: () => ({ matches: false, addEventListener: () => undefined }) }))
i18n.global.locale.value = 'zh'
i18n.global.mergeLocaleMessage('zh', { field: { doors } })
const DAY = 24 * 60 * 60 * 1000
const door = { state: 'absent', last_met: null, latest_at: Date.now(), latest_result: 'absent', use: 'own' } as const

test('a closed door says since how many days nobody was met', () => {
  expect(stateWords({ ...door, last_met: Date.now() - 12 * DAY })).toContain('12')
  expect(stateWords(door)).not.toMatch(/\d/)
  expect(stateWords({ ...door, last_met: Date.now() + DAY })).toContain('0')
})

test('a tenancy says its days, also when one of them or both are missing', () => {
  const words = [
    term({ starts_on: '2026-03-01', ends_on: '2027-02-28' }),
    term({ starts_on: '2026-03-01', ends_on: null }),
    term({ starts_on: null, ends_on: '2027-02-28' }),
    term({ starts_on: null, ends_on: null }),
  ]
  expect(new Set(words).size).toBe(4)
  for (const each of words) expect(each.trim()).not.toBe('')
})

test('what is compared while it is typed are fields that the form shows', () => {
  for (const kind of ['person', 'dwelling'] as const) {
    const shown = formFields(kind).map((spec) => spec.name)
    for (const name of TELLING[kind] ?? []) expect(shown).toContain(name)
  }
})

test('what a merging writes is in no form', () => {
  for (const kind of ['person', 'household', 'dwelling'] as const) {
    expect((FIELDS[kind] ?? []).map((spec) => spec.name)).toContain('merged_into')
    expect(formFields(kind).map((spec) => spec.name).filter((name) => name.startsWith('merged_'))).toEqual([])
  }
})

test('two taps are one save, and the next one after it is another', async () => {
  let saves = 0
  let release = (): void => undefined
  const { busy, run } = useOnce(async () => {
    saves += 1
    await new Promise<void>((resolve) => (release = resolve))
  })
  const first = run()
  await run()
  expect([saves, busy.value]).toEqual([1, true])
  release()
  await first
  const second = run()
  release()
  await second
  expect([saves, busy.value]).toEqual([2, false])
})

test('numbers are compared by their ends, and in full only where the ends are the same', () => {
  const phones = (stays: string | null, gives_way: string) => comparedWords('person', { name: 'phone', stays, gives_way, stays_title: null, gives_way_title: null, take: false })
  expect(phones('13812345678', '13912345679')).toEqual({ stays: '138****5678', gives_way: '139****5679' })
  expect(phones('13812345678', '13899995678')).toEqual({ stays: '13812345678', gives_way: '13899995678' })
  expect(phones(null, '13912345679')).toEqual({ stays: '', gives_way: '139****5679' })
})

test('a document is picked with its number, anything else by itself', () => {
  const take = { document_kind: false, document_number: false, phone: false }
  pick(take, 'document_number', true)
  expect(take).toEqual({ document_kind: true, document_number: true, phone: false })
  const alone: Record<string, boolean> = { document_number: false }
  pick(alone, 'document_number', true)
  expect(alone).toEqual({ document_number: true })
})
