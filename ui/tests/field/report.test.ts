// A report survives a kill at every moment: one incident, every photo once.
import { beforeEach, expect, test, vi } from 'vitest'
import type { Failure } from '@shared/types/Failure'
import type { Report } from '@field/incident/report'

interface FakePhoto {
  id: string
  shows: string
  photo_kind: string
  by: string
}
interface FakeIncident {
  id: string
  title: string
  category: string
  text?: string
  by: string
  photos: FakePhoto[]
}
const ME = 'worker01'

/** A device in memory that can be killed before or after any of its calls takes effect. */
class FakeDevice {
  drafts = new Map<string, unknown>()
  incidents: FakeIncident[] = []
  steps: { id: string; incident: string; action: string; opinion: string; by: string; photos: FakePhoto[] }[] = []
  photos: FakePhoto[] = []
  /** Why no photo is taken, while it is. */
  refuses: Failure | null = null
  /** Calls until the kill; none: it lives. */
  killAfter: number | null = null
  /** Whether the call that is cut off still took effect. */
  applied = false
  dead = false

  async call(command: string, args: Record<string, unknown>, bytes?: Uint8Array): Promise<unknown> {
    if (this.dead) return new Promise(() => undefined)
    const last = this.killAfter !== null && this.killAfter-- === 0
    if (last) {
      this.dead = true
      if (this.applied) this.answer(command, args, bytes)
      return new Promise(() => undefined)
    }
    return structuredClone(this.answer(command, args, bytes))
  }

  private answer(command: string, args: Record<string, unknown>, bytes?: Uint8Array): unknown {
    const key = args.key as string
    switch (command) {
      case 'save_draft':
        this.drafts.set(key, structuredClone(args.value))
        return {}
      case 'draft':
        return this.drafts.has(key) ? { value: this.drafts.get(key) } : null
      case 'drop_draft':
        this.drafts.delete(key)
        return {}
      case 'drafts':
        return [...this.drafts.keys()].map((each) => ({ key: each, saved_at: 0 }))
      case 'incidents':
        return this.incidents
      case 'incident':
        return this.page(args.id as string)
      case 'add_incident_step': {
        const said = { incident: args.incident as string, action: args.action as string, opinion: args.opinion as string }
        const step = { id: `step-${this.steps.length}`, ...said, by: ME, photos: [] }
        this.steps.push(step)
        return { id: step.id, warnings: [] }
      }
      case 'save': {
        const { title, category, text } = args.fields as { title: string; category: string; text?: string }
        return { id: this.report({ title, category, text, by: ME }), warnings: [] }
      }
      case 'add_photo': {
        if (this.refuses) throw this.refuses
        this.photograph(args.subject as string, new TextDecoder().decode(bytes), args.photo_kind as string, ME)
        return {}
      }
      case 'record':
        return { record: { fields: { by: this.photos.find((photo) => photo.id === args.id)?.by } } }
      default:
        throw new Error(`no command ${command}`)
    }
  }

  /** Somebody reports an incident; answers its id. */
  report(incident: Omit<FakeIncident, 'id' | 'photos'>): string {
    const id = `incident-${this.incidents.length}`
    this.incidents.push({ id, photos: [], ...incident })
    return id
  }

  /** Somebody adds a photo to an incident or a step. */
  photograph(subject: string, shows: string, photo_kind: string, by: string): void {
    const photo = { id: `photo-${this.photos.length}`, shows, photo_kind, by }
    this.photos.push(photo)
    ;[...this.incidents, ...this.steps].find((each) => each.id === subject)?.photos.push(photo)
  }

  /** What the photos of every incident show. */
  shown(): string[][] {
    return this.incidents.map(({ photos }) => photos.map((photo) => `${photo.shows}:${photo.photo_kind}`))
  }

  private page(id: string): unknown {
    const steps = this.steps.filter((step) => step.incident === id)
    const step_photos = Object.fromEntries(steps.map((step) => [step.id, step.photos]))
    const incident = this.incidents.find((each) => each.id === id)
    return { incident, photos: incident?.photos, progress: { steps }, step_photos }
  }
}

let device = new FakeDevice()
vi.mock('@shared/bridge', () => ({
  call: (command: string, args: Record<string, unknown>) => device.call(command, args),
  callWithBytes: (command: string, args: Record<string, unknown>, bytes: Uint8Array) => device.call(command, args, bytes),
  failureOf: (reason: { code?: string }) => (reason.code ? reason : { code: 'host', problems: [], wait_ms: null }),
}))
vi.mock('@field/state/app', () => ({ appState: { app: { account: 'worker01' } }, i18n: { global: { t: (key: string, values?: { why?: string }) => values?.why ?? key } } }))
const told: string[] = []
vi.mock('@field/shell/notice', () => ({ tell: (notice: { text: string }) => told.push(notice.text) }))
vi.mock('@field/sync/state', () => ({ refreshSync: async () => undefined }))

/** Starts the app: a fresh copy of the module, since what it remembers dies with the process. */
async function start() {
  vi.resetModules()
  device.dead = false
  device.killAfter = null
  return import('@field/incident/report')
}

/** What another part of the app would load. */
const modules = async () => ({ check: await import('@field/incident/check'), words: await import('@field/incident/words') })

/** Lets everything run that can run. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A report with two photos stands in its drafts. */
function draftReport(): Report {
  const report: Report = {
    ...{ category: '0601', severity: 2, title: '', text: 'on the stairs', place: '', position: null, dwelling: null, household: null, address: null },
    ...{ on_behalf: false, materials: [], reply_wanted: false, contact_name: '', contact_phone: '' },
    ...{ solved: false, solution: '', after: [], storing: null },
    photos: ['report-photo:a', 'report-photo:b'],
  }
  device.drafts.set('report', structuredClone(report))
  // In pieces, as large photos are kept.
  device.drafts.set('report-photo:a:0', btoa('fir'))
  device.drafts.set('report-photo:a:1', btoa('st'))
  device.drafts.set('report-photo:a', { pieces: 2 })
  device.drafts.set('report-photo:b:0', btoa('second'))
  device.drafts.set('report-photo:b', { pieces: 1 })
  return report
}

beforeEach(() => {
  device = new FakeDevice()
  told.length = 0
})

test('a report makes one incident with its photos in order, and leaves no draft', async () => {
  const { storeReport } = await start()
  await storeReport(draftReport(), 'fire hazard')
  await settle()
  expect(device.incidents).toMatchObject([{ id: 'incident-0', title: 'fire hazard', category: '0601', text: 'on the stairs' }])
  expect(device.shown()).toEqual([['first:scene', 'second:scene']])
  expect([...device.drafts.keys()]).toEqual([])
})

test('a kill at any call, heard or not, costs no photo and makes no second incident', async () => {
  for (const applied of [false, true]) {
    for (let kill = 0; kill < 40; kill++) {
      device = new FakeDevice()
      device.applied = applied
      let app = await start()
      const report = draftReport()
      device.killAfter = kill
      void app.storeReport(report, 'fire hazard')
      await settle()

      app = await start()
      await app.goOnWithReports()
      // Whatever still stands in the form is reported again by the worker.
      const left = device.drafts.get('report') as typeof report | undefined
      if (left) await app.storeReport(left, 'fire hazard')
      await settle()
      // What a kill left of the pieces goes at the next start.
      app = await start()
      await app.goOnWithReports()

      expect(device.shown(), `killed at call ${kill}, ${applied ? 'after' : 'before'} it took effect`).toEqual([['first:scene', 'second:scene']])
      expect([...device.drafts.keys()]).toEqual([])
    }
  }
})

test('pieces of a photo whose picking was cut off are swept away, those of the form stay', async () => {
  const { resumeReports } = await start()
  draftReport()
  device.drafts.set('report-photo:c:0', btoa('half'))
  await resumeReports()
  expect([...device.drafts.keys()].sort()).toEqual(['report', 'report-photo:a', 'report-photo:a:0', 'report-photo:a:1', 'report-photo:b', 'report-photo:b:0'])
})

test('a refused report stays in the form', async () => {
  const { storeReport } = await start()
  const report = draftReport()
  const answer = device.call.bind(device)
  device.call = async (command, args, bytes) => {
    if (command === 'save') throw new Error('invalid')
    return answer(command, args, bytes)
  }
  await expect(storeReport(report, '')).rejects.toThrow()
  expect(device.drafts.get('report')).toEqual(report)
})

test('a kill at any call of a report that was solved on the spot makes one step and keeps before and after apart', async () => {
  for (const applied of [false, true]) {
    for (let kill = 0; kill < 44; kill++) {
      device = new FakeDevice()
      device.applied = applied
      let app = await start()
      const report = { ...draftReport(), photos: ['report-photo:a'], after: ['report-photo:b'], solved: true, solution: ' swept ' }
      device.drafts.set('report', structuredClone(report))
      device.killAfter = kill
      void app.storeReport(report, 'fire hazard')
      await settle()

      app = await start()
      await app.goOnWithReports()
      const left = device.drafts.get('report') as Report | undefined
      if (left) await app.storeReport(left, 'fire hazard')
      await settle()
      app = await start()
      await app.goOnWithReports()

      const where = `killed at call ${kill}, ${applied ? 'after' : 'before'} it took effect`
      expect(device.shown(), where).toEqual([['first:before', 'second:after']])
      expect(device.steps.map(({ action, opinion }) => [action, opinion]), where).toEqual([['solve', 'swept']])
      expect([...device.drafts.keys()], where).toEqual([])
    }
  }
})

test('a kill at any call of a check makes one step with its photo', async () => {
  for (const applied of [false, true]) {
    for (let kill = 0; kill < 30; kill++) {
      device = new FakeDevice()
      device.applied = applied
      device.report({ title: 'lamp', category: '0603', by: 'worker02' })
      device.drafts.set('report-photo:a:0', btoa('seen'))
      device.drafts.set('report-photo:a', { pieces: 1 })
      const said = { opinion: 'it shines', to: '', photos: ['report-photo:a'], storing: null }
      device.drafts.set('incident-step:incident-0', structuredClone(said))
      await start()
      device.killAfter = kill
      void (await modules()).check.storeStep('incident-0', 'pass', said)
      await settle()

      let app = await start()
      await app.goOnWithReports()
      const left = device.drafts.get('incident-step:incident-0') as typeof said | undefined
      if (left) await (await modules()).check.storeStep('incident-0', 'pass', left)
      await settle()
      app = await start()
      await app.goOnWithReports()

      const where = `killed at call ${kill}, ${applied ? 'after' : 'before'} it took effect`
      expect(device.steps, where).toMatchObject([{ action: 'pass', opinion: 'it shines', photos: [{ shows: 'seen', photo_kind: 'after' }] }])
      expect(device.photos, where).toHaveLength(1)
      expect([...device.drafts.keys()], where).toEqual([])
    }
  }
})

test('a photo of words that were not said yet is not swept away', async () => {
  const { resumeReports } = await start()
  device.drafts.set('report-photo:a', { pieces: 0 })
  device.drafts.set('incident-step:incident-0', { opinion: '', to: '', photos: ['report-photo:a'], storing: null })
  await resumeReports()
  expect(device.drafts.has('report-photo:a')).toBe(true)
})

test('a resident is named only when the report is for one, and materials are lines', async () => {
  const { incidentFields } = await start()
  const report = { ...draftReport(), contact_name: 'Zhang', contact_phone: '13812345678', materials: [' card ', '', 'form\nphoto'] }
  expect(incidentFields(report, 'x')).not.toHaveProperty('contact_name')
  expect(incidentFields({ ...report, on_behalf: true }, 'x')).toMatchObject({ contact_name: 'Zhang', on_behalf: true, materials: 'card\nform\nphoto', source: 'resident' })
  expect(incidentFields({ ...report, reply_wanted: true }, 'x')).not.toHaveProperty('materials')
})

/** A report was stored by a phone that had no room for its photos, and the app was closed. */
async function storedWithoutPhotos() {
  const { storeReport } = await start()
  device.refuses = { code: 'storage_full', problems: [], wait_ms: null }
  await storeReport(draftReport(), 'fire hazard')
  await settle()
  device.refuses = null
  return start()
}

test('photos that found no room are stored later, though others took photos of the incident meanwhile', async () => {
  const { goOnWithReports } = await storedWithoutPhotos()
  device.photograph('incident-0', 'from a colleague', 'scene', 'worker02')
  device.photograph('incident-0', 'taken on the page', 'scene', ME)
  await goOnWithReports()
  expect(device.shown()).toEqual([['from a colleague:scene', 'taken on the page:scene', 'first:scene', 'second:scene']])
  expect([...device.drafts.keys()]).toEqual([])
})

test('a photo that was being stored when the app was killed is not taken for the one that a colleague added', async () => {
  let { storeReport, goOnWithReports } = await start()
  const answer = device.call.bind(device)
  device.call = (command, args, bytes) => {
    if (command === 'add_photo') device.dead = true
    return answer(command, args, bytes)
  }
  await storeReport(draftReport(), 'fire hazard')
  await settle()
  device.call = answer
  device.photograph('incident-0', 'from a colleague', 'scene', 'worker02')
  ;({ goOnWithReports } = await start())
  await goOnWithReports()
  expect(device.shown()).toEqual([['from a colleague:scene', 'first:scene', 'second:scene']])
})

test("a report that was cut off is not taken for a colleague's incident of its category", async () => {
  for (const foreign of [{ text: 'on the stairs', by: 'worker02' }, { text: 'in the yard', by: ME }]) {
    device = new FakeDevice()
    const report = { ...draftReport(), storing: [] }
    device.drafts.set('report', structuredClone(report))
    device.report({ title: 'fire hazard', category: '0601', ...foreign })
    const { goOnWithReports } = await start()
    await goOnWithReports()
    expect(device.shown()).toEqual([[]])
    expect(device.drafts.get('report')).toEqual({ ...report, storing: null })
  }
})

test('a photo that its record does not take now is kept, told with its reason once, and stored when it is taken again', async () => {
  const { storeReport, goOnWithReports } = await start()
  device.refuses = { code: 'invalid', problems: [{ field: 'subject', code: 'missing_target' }], wait_ms: null }
  await storeReport(draftReport(), 'fire hazard')
  await settle()
  await goOnWithReports()
  expect(told).toEqual(['problem.missing_target'])
  const { notAdded } = await import('@field/photo/waiting')
  expect([...notAdded.values()]).toEqual([{ of: 'incident-0', n: 2, why: 'problem.missing_target' }])
  expect((device.drafts.get('report-stored:incident-0') as { photos: unknown[] }).photos).toHaveLength(2)
  device.refuses = null
  await goOnWithReports()
  expect(device.shown()).toEqual([['first:scene', 'second:scene']])
  expect(notAdded.size).toBe(0)
})

test('photos that are given up are gone with their draft, also while they are being tried', async () => {
  const { storeReport, goOnWithReports } = await start()
  device.refuses = { code: 'invalid', problems: [{ field: '', code: 'too_many_photos' }], wait_ms: null }
  await storeReport(draftReport(), 'fire hazard')
  await settle()
  const { giveUp, notAdded } = await import('@field/photo/waiting')
  const trying = goOnWithReports()
  await new Promise((resolve) => setImmediate(resolve))
  await giveUp('report-stored:incident-0')
  await trying
  await settle()
  expect([...device.drafts.keys()]).toEqual([])
  expect(notAdded.size).toBe(0)
})

test('a file that no picture can be made of holds up no other photo', async () => {
  const { storeReport } = await start()
  const answer = device.call.bind(device)
  device.call = (command, args, bytes) => {
    const bad = command === 'add_photo' && new TextDecoder().decode(bytes) === 'first'
    return bad ? Promise.reject({ code: 'not_an_image', problems: [], wait_ms: null }) : answer(command, args, bytes)
  }
  await storeReport(draftReport(), 'fire hazard')
  await settle()
  expect(device.shown()).toEqual([['second:scene']])
  expect([...device.drafts.keys()]).toEqual([])
})

test('the words of a solution that was not taken are not written over again by later tries', async () => {
  const { storeReport, goOnWithReports } = await start()
  const answer = device.call.bind(device)
  device.call = (command, args, bytes) =>
    command === 'add_incident_step' ? Promise.reject({ code: 'invalid', problems: [{ field: 'action', code: 'not_allowed' }], wait_ms: null }) : answer(command, args, bytes)
  device.refuses = { code: 'storage_full', problems: [], wait_ms: null }
  await storeReport({ ...draftReport(), solved: true, solution: 'swept' }, 'fire hazard')
  await settle()
  device.drafts.set('incident-step:incident-0', { opinion: 'swept, and salted', to: '', photos: [], storing: null })
  await goOnWithReports()
  expect(device.drafts.get('incident-step:incident-0')).toMatchObject({ opinion: 'swept, and salted' })
})
