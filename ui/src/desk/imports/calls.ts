// The calls for tables that are taken in.
import type { DeskImport } from '@shared/types/DeskImport'
import type { ImportOf } from '@shared/types/ImportOf'
import type { ImportPlan } from '@shared/types/ImportPlan'
import type { Target } from '@shared/types/Target'
import { read, upload as send, write } from '../api/http'

/** At most so many bytes: what the server takes. */
export const FILE_BYTES_MAX = 40 * 1024 * 1024

/** The own tables. */
export const imports = () => read<DeskImport[]>('imports')
/** One with its columns. */
export const table = (id: string) => read<DeskImport>(`imports/${id}`)
/** How far one is. */
export const progress = (id: string) => read<DeskImport>(`imports/${id}/progress`)
/** Hands a file in. */
export const upload = (what: ImportOf, file: File) => send<DeskImport>(`imports?${new URLSearchParams({ what, name: file.name })}`, file)
/** Tries one with these columns. */
export const check = (id: string, plan: ImportPlan) => write<null>(`imports/${id}/check`, plan)
/** Writes one, or goes on. */
export const run = (id: string) => write<null>(`imports/${id}/run`)
/** Throws one away. */
export const discard = (id: string) => write<null>(`imports/${id}/discard`)

/** What the columns of a register can say, in the order to offer it. */
export const TARGETS: { readonly [what in ImportOf]: readonly Target[] } = {
  register: [
    'cell', 'street', 'building', 'unit', 'floor', 'room', 'group', 'house_number', 'household_number', 'contact_phone', 'name', 'sex',
    'birth_date', 'document_kind', 'document_number', 'phone', 'relation', 'residence',
  ],
  divisions: ['code', 'division_name'],
}
