// The reason that somebody gave last for seeing names and numbers in full: offered again, never sent by itself.
import { ref } from 'vue'

/** Code of the reason; empty before one was chosen. */
export const lastReason = ref('')
