// The photos of stored inspections: all of them are stored after a kill, and what nothing names any more goes.
import { beforeEach, expect, test, vi } from 'vitest'

const drafts = new Map<string, unknown>()
const stored: string[] = []
let full = false

/** A device in memory; the inspection `gone` was refused and is not there. */
function answer(command: string, args: Record<string, unknown>): unknown {
  const key = args.key as string
  switch (command) {
    case 'drafts':
      return [...drafts.keys()].map((each) => ({ key: each, saved_at: 0 }))
    case 'draft':
      return drafts.has(key) ? { value: structuredClone(drafts.get(key)) } : null
    case 'drop_draft':
      drafts.delete(key)
      return {}
    case 'inspection':
      if (args.id === 'gone') throw new Error('not found')
      // Somebody else has added one.
      return { photos: [{ id: 'other', photo_kind: 'before', note: null }] }
    case 'save_draft':
      drafts.set(key, structuredClone(args.value))
      return {}
    default:
      throw new Error(`no command ${command}`)
  }
}

vi.mock('@shared/bridge', () => ({
  call: async (command: string, args: Record<string, unknown>) => answer(command, args),
  callWithBytes: async (_: string, args: { subject: string }, bytes: Uint8Array) => {
    if (full) throw new Error('full')
    stored.push(`${args.subject}:${new TextDecoder().decode(bytes)}`)
  },
  failureOf: () => ({ code: 'host', problems: [], wait_ms: null }),
}))
vi.mock('@field/state/app', () => ({ appState: { preferences: {}, app: { account: 'worker01' } }, i18n: { global: { t: (key: string) => key } } }))
vi.mock('@field/state/lists', () => ({ checklists: () => [] }))
vi.mock('@field/shell/notice', () => ({ tell: () => undefined }))
vi.mock('@field/sync/state', () => ({ refreshSync: async () => undefined }))

function keep(photo: string): string {
  const key = `inspection-photo:${photo}`
  drafts.set(`${key}:0`, btoa(photo))
  drafts.set(key, { pieces: 1 })
  return key
}

beforeEach(() => {
  drafts.clear()
  stored.length = 0
  full = false
})

test('photos of an inspection that was refused hold up no others, and pieces that nothing names are swept away', async () => {
  drafts.set('inspection-stored:gone', [{ key: keep('waits'), item: 'F02', note: null }])
  drafts.set('inspection-stored:there', [{ key: keep('seen'), item: 'F02', note: null }])
  drafts.set('inspect:place:list', { photos: { F02: [keep('picked')] } })
  drafts.set('inspection-photo:cut:0', btoa('half'))
  drafts.set('report-photo:a:0', btoa('another form'))
  const { goOnWithInspections } = await import('@field/inspection/inspect')
  await goOnWithInspections()
  expect(stored).toEqual(['there:seen'])
  expect([...drafts.keys()].sort()).toEqual(
    ['inspect:place:list', 'inspection-photo:picked', 'inspection-photo:picked:0', 'inspection-photo:waits', 'inspection-photo:waits:0', 'inspection-stored:gone', 'report-photo:a:0'],
  )
})

test('photos of an inspection that found no room are stored when there is some, in the same run of the app', async () => {
  drafts.set('inspection-stored:there', { photos: [{ key: keep('first'), item: 'F02', note: 'F02' }, { key: keep('second'), item: 'F02', note: 'F02' }] })
  const { goOnWithInspections } = await import('@field/inspection/inspect')
  full = true
  await goOnWithInspections()
  expect((drafts.get('inspection-stored:there') as { photos: unknown[] }).photos).toHaveLength(2)
  full = false
  await Promise.all([goOnWithInspections(), goOnWithInspections()])
  expect(stored).toEqual(['there:first', 'there:second'])
  expect([...drafts.keys()]).toEqual([])
})
