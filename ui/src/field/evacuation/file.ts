// Files that leave and enter the window.

/** No file of ours is nearly as large: more of it is not even read. The device says why it is not taken. */
const READ_MAX = 4 * 1024 * 1024

/** Lets the window save a file, given its bytes in base64. */
export function saveFile(name: string, content: string): void {
  const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0))
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
  link.download = name
  link.click()
  // The window may still be reading it.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

/** The bytes of a chosen file, or as much as shows that it is too large. */
export async function readFile(file: File): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(0, READ_MAX).arrayBuffer())
}
