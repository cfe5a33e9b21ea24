// A report on its way: the unfinished form and its photos are drafts until the incident and every photo are stored.
//
// A kill at any moment loses nothing and stores nothing twice. The order is: note that the report is being stored, store the incident,
// note its id with the list of photos, forget the form, store photo after photo, forget them.
import { call, callWithBytes, failureOf } from '@shared/bridge'
import { tell } from '../shell/notice'
import { i18n } from '../state/app'
import { refreshSync } from '../sync/state'
import { dropPhoto, readPhoto, sweepPhotos } from '../photo/kept'

/** The unfinished report. */
export interface Report {
  category: string | null
  severity: number | null
  title: string
  text: string
  place: string
  dwelling: string | null
  household: string | null
  /** The address of the door, in words. */
  address: string | null
  /** Keys of the picked photos that the device keeps, in order. */
  photos: string[]
  /** Set while the incident is being stored: the ids of all incidents there were before. */
  storing: string[] | null
}

/** The key of the unfinished report. */
export const REPORT_KEY = 'report'
const STORED_PREFIX = 'report-stored:'

/** An empty report. */
export function emptyReport(): Report {
  return { category: null, severity: null, title: '', text: '', place: '', dwelling: null, household: null, address: null, photos: [], storing: null }
}

/** The fields of the incident that a report makes. An untitled report takes the name of its category. */
export function incidentFields(report: Report, categoryName: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    category: report.category,
    severity: report.severity,
    title: report.title.trim() || categoryName || null,
    text: report.text.trim() || null,
    place: report.place.trim() || null,
    dwelling: report.dwelling,
    household: report.household,
    source: 'worker',
  }
  // What must be there is sent even when it is missing, so that the device names it; the rest only when it says something.
  const must = ['category', 'severity', 'title']
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => value !== null || must.includes(name)))
}

/** Stores the incident and then its photos. Answers the incident's id; rejects when the incident was not stored. */
export async function storeReport(report: Report, categoryName: string): Promise<string> {
  const before = (await call('incidents', {})).map((incident) => incident.id)
  await call('save_draft', { key: REPORT_KEY, value: { ...report, storing: before } })
  try {
    const saved = await call('save', { kind: 'incident', id: null, cell: null, fields: incidentFields(report, categoryName) })
    await handOver(saved.id, report.photos)
    void storePhotos(saved.id)
    return saved.id
  } catch (reason) {
    await call('save_draft', { key: REPORT_KEY, value: { ...report, storing: null } }).catch(() => undefined)
    throw reason
  }
}

async function handOver(incident: string, photos: string[]): Promise<void> {
  await call('save_draft', { key: STORED_PREFIX + incident, value: photos })
  await call('drop_draft', { key: REPORT_KEY })
}

/** Stores the photos of a stored report, those that are not stored yet. */
async function storePhotos(incident: string): Promise<void> {
  const key = STORED_PREFIX + incident
  const draft = await call('draft', { key })
  if (!draft) return
  const keys = draft.value as string[]
  // Photos are stored in order, so as many as the incident has are done, also when the note of the last one was not taken any more.
  const done = (await call('incident', { id: incident })).photos.length
  for (const [index, photo] of keys.entries()) {
    if (index >= done && !(await storePhoto(incident, photo))) return
    await dropPhoto(photo)
  }
  await call('drop_draft', { key })
  await refreshSync()
}

/** Stores one photo. Says whether to go on: a photo that can never be stored is told and left out; a full phone is told, and tried again later. */
async function storePhoto(incident: string, key: string): Promise<boolean> {
  const { t } = i18n.global
  const bytes = await readPhoto(key)
  if (!bytes) return true
  try {
    await callWithBytes('add_photo', { subject: incident, subject_kind: 'incident', photo_kind: 'scene', note: null }, bytes)
    return true
  } catch (reason) {
    const { code } = failureOf(reason)
    tell({ text: t(`common.failure.${code}`), bad: true })
    return code === 'not_an_image' || code === 'invalid'
  }
}

let resumed: Promise<void> | null = null

/** Finishes the reports that an earlier run of the app left half-way. Once a run; later calls wait for the first. */
export function resumeReports(): Promise<void> {
  resumed ??= resume().catch(() => undefined)
  return resumed
}

async function resume(): Promise<void> {
  const draft = await call('draft', { key: REPORT_KEY })
  const report = draft?.value as Report | undefined
  if (report?.storing) await settle(report, report.storing)
  for (const { key } of await call('drafts', {})) {
    if (key.startsWith(STORED_PREFIX)) await storePhotos(key.slice(STORED_PREFIX.length))
  }
  await sweepPhotos(await namedPhotos())
}

/** The photos that the unfinished report or a stored one still waits for. */
async function namedPhotos(): Promise<Set<string>> {
  const unfinished = await call('draft', { key: REPORT_KEY })
  const named = new Set((unfinished?.value as Report | undefined)?.photos ?? [])
  for (const { key } of await call('drafts', {})) {
    if (!key.startsWith(STORED_PREFIX)) continue
    const waiting = await call('draft', { key })
    for (const photo of (waiting?.value as string[] | undefined) ?? []) named.add(photo)
  }
  return named
}

/** The app was killed while storing an incident: it is either there (then the form is done) or not (then the form goes on). */
async function settle(report: Report, before: string[]): Promise<void> {
  const same = (title: string, category: string) => category === report.category && (!report.title.trim() || title === report.title.trim())
  const made = (await call('incidents', {})).find((incident) => !before.includes(incident.id) && same(incident.title, incident.category))
  if (!made) {
    await call('save_draft', { key: REPORT_KEY, value: { ...report, storing: null } })
    return
  }
  const known = await call('draft', { key: STORED_PREFIX + made.id })
  if (known) await call('drop_draft', { key: REPORT_KEY })
  else await handOver(made.id, report.photos)
}
