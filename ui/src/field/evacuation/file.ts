// Files that leave and enter the window.

/** No file of ours is nearly as large: more of it is not even read. The device says why it is not taken. */
const READ_MAX = 4 * 1024 * 1024

/** The bytes of a file that came as base64. */
export function bytesOf(content: string): ArrayBuffer {
  return Uint8Array.from(atob(content), (char) => char.charCodeAt(0)).buffer
}

/** The bytes of a chosen file, or as much as shows that it is too large. */
export async function readFile(file: File): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(0, READ_MAX).arrayBuffer())
}
