// Short messages at the foot of the screen; a screen reader hears them.
import { readonly, ref } from 'vue'

/** A message. */
export type Toast = { id: number; text: string; tone: 'done' | 'problem'; act: Act | null }

/** Something that can be done about a message while it is shown. */
export type Act = { label: string; key: string; lasts: number; run: () => void }

const toasts = ref<Toast[]>([])
let last = 0

/** What is being said now. */
export const shown = readonly(toasts)

/** Says something for a few seconds; problems stay longer, and what can be acted on as long as it can be. Gives its name. */
export function say(text: string, tone: Toast['tone'] = 'done', act: Act | null = null): number {
  const id = ++last
  toasts.value = [...toasts.value.slice(-2), { id, text, tone, act }]
  setTimeout(() => hush(id), act ? act.lasts : tone === 'done' ? 3_000 : 8_000)
  return id
}

/** Takes a message away. */
export function hush(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}
