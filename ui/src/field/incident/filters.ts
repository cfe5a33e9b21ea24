// Which incidents a list shows.
import type { IncidentLine } from '@shared/types/IncidentLine'

/** The filters, in the order to show them. */
export const FILTERS = ['open', 'verify', 'overdue', 'closed'] as const
export type Filter = (typeof FILTERS)[number]

const fits: Record<Filter, (line: IncidentLine) => boolean> = {
  open: (line) => !line.ended,
  verify: (line) => line.to_verify,
  overdue: (line) => line.overdue,
  closed: (line) => line.ended,
}

/** The lines that a filter lets through, in their order. */
export function filtered(lines: readonly IncidentLine[], filter: Filter): IncidentLine[] {
  return lines.filter(fits[filter])
}
