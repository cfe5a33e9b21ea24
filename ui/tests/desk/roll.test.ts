// Whom the evacuation desk shows, and how cells are summed by village.
import { expect, test } from 'vitest'
import type { DeskRollHousehold } from '@shared/types/DeskRollHousehold'
import type { DeskRollPerson } from '@shared/types/DeskRollPerson'
import { countShown, seenOf, shownHomes } from '@desk/evacuation/roll'
import { byVillage } from '@desk/parts/published'

const person = (id: string, more: Partial<DeskRollPerson>): DeskRollPerson => ({
  person: id,
  name: '张*',
  phone: null,
  needs_help: false,
  mark: 'not_contacted',
  said: null,
  at: null,
  note: null,
  late: false,
  checked: false,
  unmoved: true,
  not_found: true,
  ...more,
})
const home = (household: string, people: DeskRollPerson[]): DeskRollHousehold => ({
  household,
  address: '',
  point_name: '',
  contact_name: null,
  contact_phone: null,
  help_note: null,
  people,
})
const homes = [
  home('a', [person('1', {}), person('2', { mark: 'moved_shelter', unmoved: false, not_found: false, checked: true })]),
  home('b', [person('3', { mark: 'refused', not_found: false, checked: true })]),
]

test('a filter leaves the people it names and no empty household', () => {
  expect(shownHomes(homes, 'not_found').map((one) => one.household)).toEqual(['a'])
  expect(shownHomes(homes, 'unmoved').map((one) => one.people.map((two) => two.person))).toEqual([['1'], ['3']])
  expect([countShown(homes, 'all'), countShown(homes, 'unchecked')]).toEqual([3, 1])
})

test('cells stand under their village in the order in which they come', () => {
  const rows = [
    { cell: '610722001001001', place: '江湾社区 第1网格' },
    { cell: '610722001002001', place: '朝阳社区 第1网格' },
    { cell: '610722001001002', place: '江湾社区 第2网格' },
  ]
  const villages = byVillage(rows)
  expect(villages.map((village) => [village.name, village.rows.length])).toEqual([
    ['江湾社区', 2],
    ['朝阳社区', 1],
  ])
})

test('whoever marks people says which mark of each the page shows', () => {
  expect(seenOf([person('somebody', { said: 'the-mark' }), person('nobody-yet', {})])).toEqual({ somebody: 'the-mark', 'nobody-yet': null })
})
