// Text that leaves the app: to the phone's own sharing, or to its clipboard.

/** Hands text to the phone's own sharing; where there is none, copies it. Says what happened. */
export async function shareText(text: string): Promise<'shared' | 'copied' | 'left' | 'failed'> {
  const share = (navigator as { share?: (data: { text: string }) => Promise<void> }).share
  if (share) {
    try {
      await share.call(navigator, { text })
      return 'shared'
    } catch (reason) {
      if (reason instanceof DOMException && reason.name === 'AbortError') return 'left'
    }
  }
  return (await copyText(text)) ? 'copied' : 'failed'
}

/** Copies text. Says whether it could. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Windows without that right still copy what is marked.
    const box = document.createElement('textarea')
    box.value = text
    document.body.append(box)
    box.select()
    const done = document.execCommand('copy')
    box.remove()
    return done
  }
}
