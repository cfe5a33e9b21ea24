// The calls of the monthly report.
import type { DeskReport } from '@shared/types/DeskReport'
import type { ReportPage } from '@shared/types/ReportPage'
import { read, write } from '../api/http'

/** The reports in which the own places stand, the latest first. */
export const reports = () => read<DeskReport[]>('reports')

const asked = (place: string | null) => (place ? `?${new URLSearchParams({ place })}` : '')

/** A report as it shows a place. */
export const report = (id: number, place: string | null, signal?: AbortSignal) => read<ReportPage>(`reports/${id}${asked(place)}`, signal)

/** Makes a report of a place from one day to another. */
export const makeReport = (wish: { place: string; first: string; last: string }) => write<DeskReport>('reports', wish)

/** Where the same figures are as a file. */
export const fileAddress = (id: number, place: string, kind: 'xlsx' | 'pdf') => `/desk/api/reports/${id}/${kind}${asked(place)}`
