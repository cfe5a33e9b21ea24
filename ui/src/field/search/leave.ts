// A tap on a tab asks for the place itself, so whatever was being searched there is over.
import { ref } from 'vue'

/** How often a tab was tapped; search boxes empty themselves when it grows. */
export const tabTaps = ref(0)

/** A tab was tapped. */
export function leaveSearch(): void {
  tabTaps.value += 1
}
