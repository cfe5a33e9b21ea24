// Short messages at the foot of the screen; a screen reader hears them.
import { readonly, ref } from 'vue'

/** A message. */
export type Toast = { id: number; text: string; tone: 'done' | 'problem' }

const toasts = ref<Toast[]>([])
let last = 0

/** What is being said now. */
export const shown = readonly(toasts)

/** Says something for a few seconds; problems stay longer. */
export function say(text: string, tone: Toast['tone'] = 'done'): void {
  const id = ++last
  toasts.value = [...toasts.value.slice(-2), { id, text, tone }]
  setTimeout(() => hush(id), tone === 'done' ? 3_000 : 8_000)
}

/** Takes a message away. */
export function hush(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}
