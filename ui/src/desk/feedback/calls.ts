// The calls of the opinions about this app.
import type { DeskOpinion } from '@shared/types/DeskOpinion'
import { read, write } from '../api/http'

/** The opinions of the own scope, the latest first. */
export const feedback = () => read<DeskOpinion[]>('feedback')
/** Answers one; `seen` is how many answers were on the screen. */
export const answer = (id: string, text: string, seen: number) => write<null>(`feedback/${id}/answer`, { text, seen })
