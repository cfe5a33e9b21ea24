// The photos of stored inspections: all of them are stored after a kill, and what nothing names any more goes.
import { expect, test, vi } from 'vitest'

const drafts = new Map<string, unknown>()
const stored: string[] = []

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
      return { photos: [] }
    default:
      throw new Error(`no command ${command}`)
  }
}

vi.mock('@shared/bridge', () => ({
  call: async (command: string, args: Record<string, unknown>) => answer(command, args),
  callWithBytes: async (_: string, args: { subject: string }, bytes: Uint8Array) => void stored.push(`${args.subject}:${new TextDecoder().decode(bytes)}`),
  failureOf: () => ({ code: 'host', problems: [], wait_ms: null }),
}))
vi.mock('@field/state/app', () => ({ appState: { preferences: {} }, i18n: { global: { t: (key: string) => key } } }))
vi.mock('@field/state/lists', () => ({ checklists: () => [] }))
vi.mock('@field/shell/notice', () => ({ tell: () => undefined }))
vi.mock('@field/sync/state', () => ({ refreshSync: async () => undefined }))

function keep(photo: string): string {
  const key = `inspection-photo:${photo}`
  drafts.set(`${key}:0`, btoa(photo))
  drafts.set(key, { pieces: 1 })
  return key
}

test('photos of an inspection that was refused hold up no others, and pieces that nothing names are swept away', async () => {
  drafts.set('inspection-stored:gone', [{ key: keep('waits'), item: 'F02', note: null }])
  drafts.set('inspection-stored:there', [{ key: keep('seen'), item: 'F02', note: null }])
  drafts.set('inspect:place:list', { photos: { F02: [keep('picked')] } })
  drafts.set('inspection-photo:cut:0', btoa('half'))
  drafts.set('report-photo:a:0', btoa('another form'))
  const { resumeInspections } = await import('@field/inspection/inspect')
  await resumeInspections()
  expect(stored).toEqual(['there:seen'])
  expect([...drafts.keys()].sort()).toEqual(
    ['inspect:place:list', 'inspection-photo:picked', 'inspection-photo:picked:0', 'inspection-photo:waits', 'inspection-photo:waits:0', 'inspection-stored:gone', 'report-photo:a:0'],
  )
})
