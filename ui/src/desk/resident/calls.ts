// The calls of the residents' desk.
import type { Corrected } from '@shared/types/Corrected'
import type { ResidentFile } from '@shared/types/ResidentFile'
import type { ResidentHits } from '@shared/types/ResidentHits'
import { read, write, writeFile } from '../api/http'

/** Finds residents by name, pinyin, or the end of a number; why is noted. */
export const find = (typed: string, place: string | null, reason: string) => write<ResidentHits>('residents/find', { typed, place, reason })
/** What is stored about somebody, masked. */
export const file = (id: string) => read<ResidentFile>(`residents/${id}`)
/** The same in full. */
export const look = (id: string, reason: string) => write<ResidentFile>(`residents/${id}/look`, { reason })
/** The same as PDF. */
export const paper = (id: string, reason: string) => writeFile(`residents/${id}/paper`, { reason })
/** Puts fields right. */
export const correct = (id: string, version: string, fields: { [field: string]: unknown }) =>
  write<Corrected>(`records/${id}/correct`, { version, fields })
