// Figures of a report in words: the server decides every number, this says it.
import type { Figure } from '@shared/types/Figure'
import type { FigureRule } from '@shared/types/FigureRule'
import type { FigureValue } from '@shared/types/FigureValue'
import type { Names } from '@shared/types/Names'
import type { PlaceReport } from '@shared/types/PlaceReport'
import type { Section } from '@shared/types/Section'
import type { Reading } from '../record/values'

type Translate = (key: string, values?: Record<string, unknown>) => string

/** The figures that say how things stand, not what happened: there is no number of before. */
const STOCKS = new Set(['households', 'residents', 'hazard_points', 'threatened', 'people_threatened'])

/** Whether a figure has a number of the period before. */
export const hasBefore = (key: string): boolean => !STOCKS.has(key)

/** What a figure says; none when it is nought. */
export function valueOf(figures: readonly Figure[], key: string, code: string | null = null): FigureValue | null {
  return figures.find((figure) => figure.key === key && (figure.code ?? null) === code)?.value ?? null
}

/** Thousandths as a percentage: 999 is 99.9%. */
export const percent = (permille: number): string => `${Math.floor(permille / 10)}.${permille % 10}%`

/** A figure in words. */
export function figureText(value: FigureValue | null, t: Translate): string {
  switch (value?.of) {
    case undefined:
      return '0'
    case 'count':
      return value.n.toLocaleString('en-US')
    case 'share':
      return value.permille === null ? `${value.part}/${value.whole}` : `${percent(value.permille)} (${value.part}/${value.whole})`
    case 'yuan':
      return t('desk.month.yuan', { amount: grouped(value.amount) })
    case 'days':
      return t('desk.month.days', { days: `${Math.floor(value.tenths / 10)}.${value.tenths % 10}` })
  }
}

/** An amount with its thousands apart, never by way of a number: amounts are exact. */
export function grouped(amount: string): string {
  const [whole = '', cents = ''] = amount.split('.')
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${cents}`
}

/** How long a bar is. */
export function size(value: FigureValue | null): number {
  if (value?.of === 'count') return value.n
  if (value?.of === 'yuan') return Number(value.amount)
  if (value?.of === 'days') return value.tenths / 10
  return 0
}

/** What a code is called. */
export function codeName(by: Names | null, code: string, reading: Reading, t: Translate): string {
  const zh = reading.language === 'zh'
  if (code === '' || by === null) return t('desk.month.unsaid')
  if (by === 'severity') return t('desk.month.severity', { level: code })
  if (by === 'drill') return code === 'drill' ? t('desk.month.drill.drill') : t('desk.month.drill.real')
  if (by === 'category') {
    const category = reading.lists?.categories.find((one) => one.code === code)
    return category ? (zh ? category.name_zh : category.name_en) : code
  }
  if (by === 'checklist') {
    const list = reading.lists?.checklists.find((one) => one.code === code)
    return list ? (zh ? list.title_zh : list.title_en) : code
  }
  const entry = reading.codes[by]?.find((one) => one.code === code)
  return entry ? (zh ? entry.name_zh : entry.name_en) : code
}

/** A code of a figure with its number. */
export type CodeLine = { code: string; name: string; value: FigureValue | null; before: FigureValue | null }

/** The codes of a figure, the most frequent first: cases are compared, and nothing else. */
export function codesOf(place: PlaceReport, rule: FigureRule, reading: Reading, t: Translate): CodeLine[] {
  const named = [...place.figures, ...place.before].filter((figure) => figure.key === rule.key)
  const codes = [...new Set(named.flatMap((figure) => (typeof figure.code === 'string' ? [figure.code] : [])))]
  return codes
    .map((code) => ({
      code,
      name: codeName(rule.by, code, reading, t),
      value: valueOf(place.figures, rule.key, code),
      before: valueOf(place.before, rule.key, code),
    }))
    .sort((a, b) => size(b.value) - size(a.value) || a.code.localeCompare(b.code))
}

/** The figures of a report under their headings, in their order. */
export function sectionsOf(rules: readonly FigureRule[]): { section: Section; rules: FigureRule[] }[] {
  const found: { section: Section; rules: FigureRule[] }[] = []
  for (const rule of rules) {
    const last = found.at(-1)
    if (last?.section === rule.section) last.rules.push(rule)
    else found.push({ section: rule.section, rules: [rule] })
  }
  return found
}
