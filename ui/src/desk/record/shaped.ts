// Values of a shape of their own in words: parties of a dispute, answers and hazards of an inspection, amounts.
import type { Answer } from '@shared/types/Answer'
import type { Hazard } from '@shared/types/Hazard'
import type { Party } from '@shared/types/Party'
import { dateText } from '../parts/time'
import { plain, severityText, type Reading } from './values'

/** The types of fields that are read here. */
export type Shape = 'yuan' | 'parties' | 'answers' | 'item_words' | 'hazards'

/** A shaped value in words, a line for each part; what has another shape is shown as it was stored. */
export function shapedText(shape: Shape, value: unknown, reading: Reading): string {
  if (shape === 'yuan') return typeof value === 'string' ? grouped(value) : plain(value)
  if (shape === 'answers') return isMap<Answer>(value) ? answersText(value, reading) : plain(value)
  if (shape === 'item_words') return isMap<string>(value) ? itemWords(value, reading) : plain(value)
  if (!Array.isArray(value)) return plain(value)
  const line = shape === 'parties' ? (one: Party) => partyText(one, reading) : (one: Hazard) => hazardText(one, reading)
  return value.map((one) => line(one)).join('\n')
}

function isMap<T>(value: unknown): value is { [item: string]: T } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Digits in threes: an amount is read at a glance or misread. */
function grouped(amount: string): string {
  const [whole = '', cents] = amount.split('.')
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return cents === undefined ? digits : `${digits}.${cents}`
}

/** What an item of the checklist asks; its name when the checklist is not known any more. */
export function itemText(id: string, reading: Reading): string {
  const lists = reading.lists?.checklists ?? []
  const own = lists.filter((list) => list.code === reading.checklist)
  const item = [...own, ...lists].flatMap((list) => list.items).find((one) => one.id === id)
  return item ? (reading.language === 'zh' ? item.text_zh : item.text_en) : id
}

function answersText(answers: { [item: string]: Answer }, reading: Reading): string {
  const of = (answer: Answer) => Object.keys(answers).filter((item) => answers[item] === answer)
  const [ok, bad, na] = [of('ok'), of('bad'), of('na')]
  const named = bad.map((item) => itemText(item, reading)).join(reading.comma)
  return [
    bad.length > 0 ? reading.say('answer.bad', { items: named }) : '',
    ok.length > 0 ? reading.say('answer.ok', { count: ok.length }) : '',
    na.length > 0 ? reading.say('answer.na', { count: na.length }) : '',
  ]
    .filter((line) => line !== '')
    .join('\n')
}

function itemWords(words: { [item: string]: string }, reading: Reading): string {
  const lines = Object.entries(words).map(([item, text]) => reading.say('pair', { name: itemText(item, reading), text: plain(text) }))
  return lines.join('\n')
}

function hazardText(hazard: Hazard, reading: Reading): string {
  const due = hazard.due ? reading.say('due', { day: dateText(hazard.due, reading.language) ?? hazard.due }) : ''
  const name = [itemText(hazard.item, reading), severityText(hazard.severity, reading), due].filter((part) => part !== '')
  return reading.say('pair', { name: name.join(' · '), text: hazard.text })
}

function partyText(party: Party, reading: Reading): string {
  const about = [party.phone, party.address].filter((part) => part).join(reading.comma)
  const side = reading.say('pair', { name: reading.say(`side.${party.side}`), text: party.name })
  return about === '' ? side : `${side} (${about})`
}
