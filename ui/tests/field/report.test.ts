// A report survives a kill at every moment: one incident, every photo once.
import { beforeEach, expect, test, vi } from 'vitest'
import type { Report } from '@field/incident/report'

/** A device in memory that can be killed before or after any of its calls takes effect. */
class FakeDevice {
  drafts = new Map<string, unknown>()
  incidents: { id: string; title: string; category: string; photos: string[] }[] = []
  steps: { id: string; incident: string; action: string; opinion: string; photos: string[] }[] = []
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
        const step = { id: `step-${this.steps.length}`, incident: args.incident as string, action: args.action as string, opinion: args.opinion as string, photos: [] }
        this.steps.push(step)
        return { id: step.id, warnings: [] }
      }
      case 'save': {
        const fields = args.fields as { title: string; category: string }
        const incident = { id: `incident-${this.incidents.length}`, title: fields.title, category: fields.category, photos: [] }
        this.incidents.push(incident)
        return { id: incident.id, warnings: [] }
      }
      case 'add_photo': {
        const photo = `${new TextDecoder().decode(bytes)}:${args.photo_kind as string}`
        const subject = args.subject_kind === 'incident' ? this.incidents : this.steps
        subject.find((each) => each.id === args.subject)?.photos.push(photo)
        return {}
      }
      default:
        throw new Error(`no command ${command}`)
    }
  }

  private page(id: string): unknown {
    const steps = this.steps.filter((step) => step.incident === id)
    const step_photos = Object.fromEntries(steps.map((step) => [step.id, step.photos]))
    return { ...this.incidents.find((incident) => incident.id === id), progress: { steps }, step_photos }
  }
}

let device = new FakeDevice()
vi.mock('@shared/bridge', () => ({
  call: (command: string, args: Record<string, unknown>) => device.call(command, args),
  callWithBytes: (command: string, args: Record<string, unknown>, bytes: Uint8Array) => device.call(command, args, bytes),
  failureOf: () => ({ code: 'host', problems: [], wait_ms: null }),
}))
vi.mock('@field/state/app', () => ({ i18n: { global: { t: (key: string) => key } } }))
vi.mock('@field/shell/notice', () => ({ tell: () => undefined }))
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
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
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
})

test('a report makes one incident with its photos in order, and leaves no draft', async () => {
  const { storeReport } = await start()
  await storeReport(draftReport(), 'fire hazard')
  await settle()
  expect(device.incidents).toEqual([{ id: 'incident-0', title: 'fire hazard', category: '0601', photos: ['first:scene', 'second:scene'] }])
  expect([...device.drafts.keys()]).toEqual([])
})

test('a kill at any call, heard or not, costs no photo and makes no second incident', async () => {
  for (const applied of [false, true]) {
    for (let kill = 0; kill < 26; kill++) {
      device = new FakeDevice()
      device.applied = applied
      let app = await start()
      const report = draftReport()
      device.killAfter = kill
      void app.storeReport(report, 'fire hazard')
      await settle()

      app = await start()
      await app.resumeReports()
      // Whatever still stands in the form is reported again by the worker.
      const left = device.drafts.get('report') as typeof report | undefined
      if (left) await app.storeReport(left, 'fire hazard')
      await settle()
      // What a kill left of the pieces goes at the next start.
      app = await start()
      await app.resumeReports()

      const found = device.incidents.map((incident) => incident.photos)
      expect(found, `killed at call ${kill}, ${applied ? 'after' : 'before'} it took effect`).toEqual([['first:scene', 'second:scene']])
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
    for (let kill = 0; kill < 32; kill++) {
      device = new FakeDevice()
      device.applied = applied
      let app = await start()
      const report = { ...draftReport(), photos: ['report-photo:a'], after: ['report-photo:b'], solved: true, solution: ' swept ' }
      device.drafts.set('report', structuredClone(report))
      device.killAfter = kill
      void app.storeReport(report, 'fire hazard')
      await settle()

      app = await start()
      await app.resumeReports()
      const left = device.drafts.get('report') as Report | undefined
      if (left) await app.storeReport(left, 'fire hazard')
      await settle()
      app = await start()
      await app.resumeReports()

      const where = `killed at call ${kill}, ${applied ? 'after' : 'before'} it took effect`
      expect(device.incidents.map((incident) => incident.photos), where).toEqual([['first:before', 'second:after']])
      expect(device.steps.map(({ action, opinion }) => [action, opinion]), where).toEqual([['solve', 'swept']])
      expect([...device.drafts.keys()], where).toEqual([])
    }
  }
})

test('a kill at any call of a check makes one step with its photo', async () => {
  for (const applied of [false, true]) {
    for (let kill = 0; kill < 18; kill++) {
      device = new FakeDevice()
      device.applied = applied
      device.incidents.push({ id: 'incident-0', title: 'lamp', category: '0603', photos: [] })
      device.drafts.set('report-photo:a:0', btoa('seen'))
      device.drafts.set('report-photo:a', { pieces: 1 })
      const said = { opinion: 'it shines', to: '', photos: ['report-photo:a'], storing: null }
      device.drafts.set('incident-step:incident-0', structuredClone(said))
      await start()
      device.killAfter = kill
      void (await modules()).check.storeStep('incident-0', 'pass', said)
      await settle()

      let app = await start()
      await app.resumeReports()
      const left = device.drafts.get('incident-step:incident-0') as typeof said | undefined
      if (left) await (await modules()).check.storeStep('incident-0', 'pass', left)
      await settle()
      app = await start()
      await app.resumeReports()

      const where = `killed at call ${kill}, ${applied ? 'after' : 'before'} it took effect`
      expect(device.steps.map(({ action, opinion, photos }) => ({ action, opinion, photos })), where).toEqual([{ action: 'pass', opinion: 'it shines', photos: ['seen:after'] }])
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
