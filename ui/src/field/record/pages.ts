// Where a record of some kind is shown or corrected.
import { call } from '@shared/bridge'

/** The address of a record's own screen; a visit has none of its own, it is corrected by another visit. */
export async function pageOf(kind: string, id: string): Promise<string> {
  switch (kind) {
    case 'household':
    case 'person':
    case 'incident':
    case 'dispute':
    case 'premises':
    case 'dwelling':
    case 'tenancy':
    case 'inspection':
      return `/${kind}/${id}`
    case 'care_plan':
      return `/care/${id}`
    case 'visit': {
      const { record } = await call('record', { id })
      return `/visit/${String(record.fields.target_kind)}/${String(record.fields.target)}?replaces=${id}`
    }
    default:
      return `/edit/${kind}/${id}`
  }
}
