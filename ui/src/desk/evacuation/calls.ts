// The calls of the evacuation desk.
import type { DeskEvacuations } from '@shared/types/DeskEvacuations'
import type { DeskHazardPoint } from '@shared/types/DeskHazardPoint'
import type { DeskRoll } from '@shared/types/DeskRoll'
import type { Mark } from '@shared/types/Mark'
import type { OrderedEvacuations } from '@shared/types/OrderedEvacuations'
import type { Reached } from '@shared/types/Reached'
import { read, write, writeFile } from '../api/http'

/** An evacuation to be ordered. */
export type Order = { points: string[]; reason: string; level: string; drill: boolean }

/** The hazard points of the own scope. */
export const hazardPoints = () => read<DeskHazardPoint[]>('hazard-points')
/** The evacuations of the own scope. */
export const evacuations = () => read<DeskEvacuations>('evacuations')
/** Orders one. */
export const order = (wish: Order) => write<OrderedEvacuations>('evacuations', wish)
/** A roll-call, masked. */
export const rollCall = (id: string) => read<DeskRoll>(`evacuations/${id}`)
/** How far its cell's feed has come. */
export const reached = (id: string) => read<Reached>(`evacuations/${id}/reached`)
/** A roll-call in full. */
export const look = (id: string, reason: string) => write<DeskRoll>(`evacuations/${id}/look`, { reason })
/** The list as PDF. */
export const paper = (id: string, reason: string) => writeFile(`evacuations/${id}/paper`, { reason })
/** People with the mark that the page shows of each; none: nobody marked them yet. */
export type Seen = { [person: string]: string | null }

/** Marks people; says what stands once more without a mark. Stale when somebody has marked one of them meanwhile. */
export const mark = (id: string, people: Seen, said: Mark | null, note: string | null) =>
  write<null>(`evacuations/${id}/marks`, { people, mark: said, note })
/** Ends one. */
export const end = (id: string) => write<null>(`evacuations/${id}/end`)
