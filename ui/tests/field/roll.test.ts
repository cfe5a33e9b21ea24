// The filters of a roll-call leave households with the people who are wanted, and nobody twice.
import { describe, expect, it } from 'vitest'
import type { RollHousehold } from '@shared/types/RollHousehold'
import type { RollPerson } from '@shared/types/RollPerson'
import { countShown, filtered, LOOK, MARKS } from '@field/evacuation/roll'

function person(name: string, facts: Partial<RollPerson>): RollPerson {
  return { person: name, name, phone: null, needs_help: false, mark: 'not_contacted', at: null, by: null, note: null, late: false, received: false, sent: true, checked: false, unmoved: true, not_found: true, ...facts }
}
function household(name: string, people: RollPerson[]): RollHousehold {
  return { household: name, address: name, point_name: '', contact_name: null, contact_phone: null, help_note: null, people }
}

const roll = [
  household('a', [person('1', { mark: 'moved_shelter', unmoved: false, not_found: false, checked: true }), person('2', {})]),
  household('b', [person('3', { mark: 'away', unmoved: false, not_found: false })]),
  household('c', [person('4', { mark: 'refused', not_found: false, checked: true })]),
]

describe('the filters of a roll-call', () => {
  it('leave out households with nobody who is wanted', () => {
    expect(filtered(roll, 'all').length).toBe(3)
    expect(filtered(roll, 'unmoved').map((each) => each.people.map((one) => one.person))).toEqual([['2'], ['4']])
    expect(filtered(roll, 'not_found').map((each) => each.household)).toEqual(['a'])
    expect(filtered(roll, 'unchecked').map((each) => each.household)).toEqual(['a', 'b'])
  })
  it('count what they show', () => {
    for (const shown of ['all', 'unmoved', 'not_found', 'unchecked'] as const) {
      expect(countShown(roll, shown)).toBe(filtered(roll, shown).reduce((sum, each) => sum + each.people.length, 0))
    }
  })
  it('know a look for every mark', () => {
    expect([...MARKS].sort()).toEqual(Object.keys(LOOK).sort())
  })
})
