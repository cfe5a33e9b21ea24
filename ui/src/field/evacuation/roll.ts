// Which people of a roll-call are shown, and how marks look. The rules (who counts as moved, found, counted) come from the device.
import type { Mark } from '@shared/types/Mark'
import type { RollHousehold } from '@shared/types/RollHousehold'
import type { RollPerson } from '@shared/types/RollPerson'

/** The marks in the order of a roll-call: what is wanted most first. */
export const MARKS: readonly Mark[] = ['moved_shelter', 'moved_family', 'called', 'away', 'refused', 'missing', 'returned', 'not_contacted']

/** The looks of a mark. */
export const LOOK: Record<Mark, 'good' | 'info' | 'warn' | 'bad' | 'quiet'> = {
  not_contacted: 'quiet',
  called: 'warn',
  moved_shelter: 'good',
  moved_family: 'good',
  away: 'info',
  refused: 'bad',
  missing: 'bad',
  returned: 'warn',
}

/** Whom to show. */
export type Shown = 'all' | 'unmoved' | 'not_found' | 'unchecked'

/** Every way to show a roll-call. */
export const SHOWN: readonly Shown[] = ['all', 'unmoved', 'not_found', 'unchecked']

function wanted(person: RollPerson, shown: Shown): boolean {
  switch (shown) {
    case 'all':
      return true
    case 'unmoved':
      return person.unmoved
    case 'not_found':
      return person.not_found
    case 'unchecked':
      return !person.checked
  }
}

/** How many people a filter leaves. */
export function countShown(households: readonly RollHousehold[], shown: Shown): number {
  return households.reduce((sum, household) => sum + household.people.filter((person) => wanted(person, shown)).length, 0)
}

/** The households with anybody whom the filter leaves; within them only those people. */
export function filtered(households: readonly RollHousehold[], shown: Shown): RollHousehold[] {
  if (shown === 'all') return [...households]
  return households.flatMap((household) => {
    const people = household.people.filter((person) => wanted(person, shown))
    return people.length > 0 ? [{ ...household, people }] : []
  })
}
