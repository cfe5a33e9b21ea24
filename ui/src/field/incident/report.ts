// A report on its way: the unfinished form and its photos are drafts until the incident and what follows it are stored.
//
// A kill at any moment loses nothing and stores nothing twice. The order is: note that the report is being stored, store the incident,
// note its id with what follows (photos, how it was solved), forget the form, do what follows.
import { call } from '@shared/bridge'
import type { Position } from '@shared/types/Position'
import { appState } from '../state/app'
import { sweepPhotos } from '../photo/kept'
import { checkPhotos, resumeChecks } from './check'
import { finish, finishAll, handOver, isHandedOver, photosToStore, type Rest } from './stored'

/** The unfinished report. */
export interface Report {
  category: string | null
  severity: number | null
  title: string
  text: string
  place: string
  position: Position | null
  dwelling: string | null
  household: string | null
  /** The address of the door, in words. */
  address: string | null
  /** Done for a resident who cannot do it. */
  on_behalf: boolean
  /** What was handed over for it, a line each. */
  materials: string[]
  reply_wanted: boolean
  contact_name: string
  contact_phone: string
  /** Keys of the picked photos that the device keeps, in order. */
  photos: string[]
  /** Solved on the spot, and how. */
  solved: boolean
  solution: string
  /** Photos of how it looks now that it is solved. */
  after: string[]
  /** Set while the incident is being stored: the ids of all incidents there were before. */
  storing: string[] | null
}

/** The key of the unfinished report. */
export const REPORT_KEY = 'report'

/** An empty report. */
export function emptyReport(): Report {
  return {
    ...{ category: null, severity: null, title: '', text: '', place: '', position: null, dwelling: null, household: null, address: null },
    ...{ on_behalf: false, materials: [], reply_wanted: false, contact_name: '', contact_phone: '' },
    ...{ photos: [], solved: false, solution: '', after: [], storing: null },
  }
}

/** The fields of the incident that a report makes. An untitled report takes the name of its category. */
export function incidentFields(unfinished: Report, categoryName: string): Record<string, unknown> {
  // A draft of an earlier version lacks what was added since.
  const report = { ...emptyReport(), ...unfinished }
  const resident = report.on_behalf || report.reply_wanted
  const fields: Record<string, unknown> = {
    category: report.category,
    severity: report.severity,
    title: report.title.trim() || categoryName || null,
    text: report.text.trim() || null,
    place: report.place.trim() || null,
    position: report.position,
    dwelling: report.dwelling,
    household: report.household,
    source: resident ? 'resident' : 'worker',
    contact_name: (resident && report.contact_name.trim()) || null,
    contact_phone: (resident && report.contact_phone.trim()) || null,
    reply_wanted: report.reply_wanted || null,
    on_behalf: report.on_behalf || null,
    materials: (report.on_behalf && materialLines(report.materials).join('\n')) || null,
  }
  // What must be there is sent even when it is missing, so that the device names it; the rest only when it says something.
  const must = ['category', 'severity', 'title']
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => value !== null || must.includes(name)))
}

/** The lines that name something. */
export function materialLines(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split('\n')).map((line) => line.trim()).filter((line) => line !== '')
}

/** What follows once the incident of a report is stored. */
function restOf(report: Report, incident: string): Rest {
  const solved = report.solved === true
  const photos = report.photos.map((key) => ({ key, kind: solved ? ('before' as const) : ('scene' as const) }))
  const after = solved ? (report.after ?? []).map((key) => ({ key, kind: 'after' as const })) : []
  return { incident, step: null, photos: [...photos, ...after], solution: solved ? (report.solution ?? '').trim() : null }
}

/** Stores the incident and then what follows. Answers the incident's id; rejects when the incident was not stored. */
export async function storeReport(report: Report, categoryName: string): Promise<string> {
  const before = (await call('incidents', {})).map((incident) => incident.id)
  await call('save_draft', { key: REPORT_KEY, value: { ...report, storing: before } })
  try {
    const saved = await call('save', { kind: 'incident', id: null, cell: null, fields: incidentFields(report, categoryName) })
    await handOver(saved.id, restOf(report, saved.id), REPORT_KEY)
    void finish(saved.id).catch(() => undefined)
    return saved.id
  } catch (reason) {
    await call('save_draft', { key: REPORT_KEY, value: { ...report, storing: null } }).catch(() => undefined)
    throw reason
  }
}

let resumed: Promise<void> | null = null

/** Settles the reports and checks that an earlier run of the app left half-way. Once a run; later calls wait for the first. */
export function resumeReports(): Promise<void> {
  // What was cut off (the register was locked meanwhile) is begun anew.
  resumed ??= resume().catch(() => void (resumed = null))
  return resumed
}

/** Goes on with whatever stored reports and checks still wait for. */
export async function goOnWithReports(): Promise<void> {
  await resumeReports()
  await finishAll().catch(() => undefined)
}

async function resume(): Promise<void> {
  const draft = await call('draft', { key: REPORT_KEY })
  const report = draft?.value as Report | undefined
  if (report?.storing) await settle(report, report.storing)
  await resumeChecks()
  await sweepPhotos(await namedPhotos())
}

/** The photos that an unfinished form or a stored record still waits for. */
async function namedPhotos(): Promise<Set<string>> {
  const unfinished = (await call('draft', { key: REPORT_KEY }))?.value as Report | undefined
  return new Set([...(unfinished?.photos ?? []), ...(unfinished?.after ?? []), ...(await photosToStore()), ...(await checkPhotos())])
}

/** The app was killed while storing an incident: it is either there (then the form is done) or not (then the form goes on). */
async function settle(report: Report, before: string[]): Promise<void> {
  const made = await madeOf(report, before)
  if (!made) {
    await call('save_draft', { key: REPORT_KEY, value: { ...report, storing: null } })
    return
  }
  if (await isHandedOver(made)) await call('drop_draft', { key: REPORT_KEY })
  else await handOver(made, restOf(report, made), REPORT_KEY)
}

/** The incident that the report made, if it made one. A colleague's of the same category may have come down meanwhile. */
async function madeOf(report: Report, before: string[]): Promise<string | null> {
  const said = (text: string | null) => (text ?? '').replace(/\s+/g, ' ').trim()
  for (const line of await call('incidents', {})) {
    if (before.includes(line.id) || line.category !== report.category || (said(report.title) && said(line.title) !== said(report.title))) continue
    const { incident } = await call('incident', { id: line.id })
    if (incident.by === appState.app?.account && said(incident.text) === said(report.text)) return line.id
  }
  return null
}
