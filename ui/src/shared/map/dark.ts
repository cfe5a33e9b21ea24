// Whether an app is dark now, for what a style sheet cannot reach: a canvas. The field app says so in `data-theme` of the document,
// the desk in its class.
import { onScopeDispose, readonly, ref, type Ref } from 'vue'

/** Follows the look of the document. */
export function useDark(): Readonly<Ref<boolean>> {
  const root = document.documentElement
  const is = () => root.dataset.theme === 'dark' || root.classList.contains('dark')
  const dark = ref(is())
  const watcher = new MutationObserver(() => (dark.value = is()))
  watcher.observe(root, { attributes: true, attributeFilter: ['data-theme', 'class'] })
  onScopeDispose(() => watcher.disconnect())
  return readonly(dark)
}
