// The commands answered by the window's own process, over Tauri.
import { invoke } from '@tauri-apps/api/core'
import type { Host } from './index'

/** The host inside the Tauri window. */
export function tauriHost(): Host {
  return {
    call: (command, args) => invoke('call', { command, args }),
    // Raw bytes leave no room for arguments: those go into a header, which takes ASCII only. (On Android Tauri sends the bytes as a list
    // of numbers, which the other side takes as well.)
    callWithBytes: (command, args, bytes) =>
      invoke('call', bytes, { headers: { 'x-command': command, 'x-args': base64OfText(JSON.stringify(args)) } }),
    system: { ask: (command, args) => invoke(command, args) },
    saveFile: async (name, _mime, bytes) => {
      const saved = await invoke<{ path: string }>('save_file', new Uint8Array(bytes), { headers: { 'x-name': base64OfText(name) } })
      return saved.path
    },
  }
}

function base64OfText(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''))
}
