// What a reference in a form can point to.
import { call } from '@shared/bridge'
import type { Values } from './forms'

/** One thing to choose. */
export interface RefChoice {
  id: string
  name: string
}

/** The choices of every reference of a form, by field name. */
export async function refChoices(kind: string, values: Values, id: string | undefined): Promise<Record<string, RefChoice[]>> {
  if (kind === 'dwelling') {
    const buildings = await call('buildings', {})
    const real = buildings.filter((building) => !building.id.startsWith('group:'))
    return { building: real.map((building) => ({ id: building.id, name: building.name })) }
  }
  if (kind === 'household' && id) {
    const page = await call('household', { id })
    const people = page.people.filter((person) => !person.left || person.id === values.head)
    return { head: people.map((person) => ({ id: person.id, name: person.name })) }
  }
  return {}
}
