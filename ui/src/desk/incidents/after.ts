// What the server takes for a photo of what came of an incident, and what is said when it takes none.
import type { Outcome } from './incident'

/** At most so many bytes: what the server takes. */
export const AFTER_BYTES_MAX = 32 * 1024 * 1024

/** At most so many photos at one incident. */
export const PHOTOS_MAX = 9

/** What to choose from: an iPhone makes a JPEG of its own kind where only these are wanted. */
export const AFTER_KINDS = 'image/jpeg,image/png,image/webp'

/** Why there is no photo. */
export type AfterProblem = 'not_an_image' | 'too_large' | 'too_many' | 'not_allowed' | 'unreachable' | 'internal'

/** The sentence for what became of it; what fits none is the server's fault. */
export function sentenceOf(outcome: Outcome): AfterProblem {
  switch (outcome) {
    case 'not_an_image':
    case 'too_large':
    case 'not_allowed':
    case 'unreachable':
      return outcome
    case 'not_found':
      return 'not_allowed'
    // Nothing else of it can be wrong: the id is fresh.
    case 'invalid':
      return 'too_many'
    default:
      return 'internal'
  }
}
