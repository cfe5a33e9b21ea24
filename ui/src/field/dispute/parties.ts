// Whom a list of parties names.
import type { Party } from '@shared/types/Party'
import { ERASED_NAME } from '@shared/types/fields'

/** Whether a list of parties says of anybody who they are. Of whoever was erased it has the side alone; somebody can be typed in without a name, but with a telephone or an address. */
export function namesSomebody(parties: unknown): boolean {
  return Array.isArray(parties) && !(parties as Party[]).every((party) => !party.person && party.name === ERASED_NAME && !party.phone && !party.address)
}
