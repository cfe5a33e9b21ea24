// Two values of one field side by side, in words; and what belongs together when one of them is picked.
import type { ComparedField } from '@shared/types/ComparedField'
import { FIELDS } from '@shared/types/fields'
import { masked } from '../parts/mask'
import { valueWords } from '../record/words'

/** Fields that say nothing without each other: a number and of which document it is. */
const TOGETHER: readonly (readonly string[])[] = [['document_kind', 'document_number']]

/** Both values in words; empty where there is none. Numbers are masked, unless their masks are the same. */
export function comparedWords(kind: string, field: ComparedField): { stays: string; gives_way: string } {
  const spec = FIELDS[kind]?.find(({ name }) => name === field.name)
  const words = (value: unknown, title: string | null): string => title || (spec && valueWords(spec, value)) || ''
  const stays = words(field.stays, field.stays_title)
  const gives_way = words(field.gives_way, field.gives_way_title)
  const isNumber = spec?.type === 'phone' || spec?.type === 'document_number'
  if (!isNumber || masked(stays) === masked(gives_way)) return { stays, gives_way }
  return { stays: stays && masked(stays), gives_way: gives_way && masked(gives_way) }
}

/** Picks a value, and with it those of the fields that belong to it. */
export function pick(take: Record<string, boolean>, name: string, taken: boolean): void {
  const all = TOGETHER.find((names) => names.includes(name)) ?? [name]
  for (const each of all) if (each in take) take[each] = taken
}
