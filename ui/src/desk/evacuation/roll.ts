// Which people of a roll-call are shown. The rules (who counts as moved, found, counted) come from the server.
import type { DeskRollHousehold } from '@shared/types/DeskRollHousehold'
import type { DeskRollPerson } from '@shared/types/DeskRollPerson'
import type { Mark } from '@shared/types/Mark'

/** The marks in the order in which they are offered: what is wanted most first. */
export const MARKS: readonly Mark[] = ['moved_shelter', 'moved_family', 'called', 'away', 'refused', 'missing', 'returned', 'not_contacted']

/** Whom to show. */
export type Shown = 'not_found' | 'unmoved' | 'unchecked' | 'all'

/** Every way to show a roll-call; who was not found comes first. */
export const SHOWN: readonly Shown[] = ['not_found', 'unmoved', 'unchecked', 'all']

/** Whether a filter leaves somebody. */
export function isShown(person: DeskRollPerson, shown: Shown): boolean {
  if (shown === 'not_found') return person.not_found
  if (shown === 'unmoved') return person.unmoved
  return shown === 'all' || !person.checked
}

/** The households with the people whom a filter leaves; empty ones are left out. */
export function shownHomes(homes: readonly DeskRollHousehold[], shown: Shown): DeskRollHousehold[] {
  const left = homes.map((home) => ({ ...home, people: home.people.filter((person) => isShown(person, shown)) }))
  return left.filter((home) => home.people.length > 0)
}

/** People with the mark that is shown of each: whoever marks them says on what. */
export function seenOf(people: readonly DeskRollPerson[]): { [person: string]: string | null } {
  return Object.fromEntries(people.map((one) => [one.person, one.said]))
}

/** How many people a filter leaves. */
export function countShown(homes: readonly DeskRollHousehold[], shown: Shown): number {
  return homes.reduce((sum, home) => sum + home.people.filter((person) => isShown(person, shown)).length, 0)
}
