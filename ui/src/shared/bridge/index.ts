// The way from a screen to the device: one call, whoever answers it (the Tauri window, or the local host for development and tests).
// Only this folder knows that Tauri exists.
import type { Commands } from '../types/commands'
import type { Failure } from '../types/Failure'
import { callFailed, type CallFailed } from './failed'
import { httpHost } from './http'
import type { System } from './system'
import { tauriHost } from './tauri'

export { CallFailed } from './failed'
export * from './phone'

/** The name of a command. */
export type CommandName = keyof Commands

/** Something that answers commands. A refusal rejects with what the device said. */
export interface Host {
  call(command: string, args: unknown): Promise<unknown>
  callWithBytes(command: string, args: unknown, bytes: Uint8Array<ArrayBuffer>): Promise<unknown>
  saveFile(name: string, mime: string, bytes: ArrayBuffer): Promise<string | null>
  /** What only the window's own host can do; none where there is no window. */
  system: System | null
}

let chosen: Host | null = null

/** Whoever answers. For this folder alone. */
export function host(): Host {
  chosen ??= '__TAURI_INTERNALS__' in window ? tauriHost() : httpHost()
  return chosen
}

/** Asks the device. Rejects with {@link CallFailed} and with nothing else. */
export async function call<C extends CommandName>(command: C, args: Commands[C]['args']): Promise<Commands[C]['answer']> {
  try {
    return (await host().call(command, args)) as Commands[C]['answer']
  } catch (reason) {
    throw callFailed(command, reason)
  }
}

/** Asks the device and hands it bytes, such as a photo. */
export async function callWithBytes<C extends CommandName>(
  command: C,
  args: Commands[C]['args'],
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Commands[C]['answer']> {
  try {
    return (await host().callWithBytes(command, args, bytes)) as Commands[C]['answer']
  } catch (reason) {
    throw callFailed(command, reason)
  }
}

/** Keeps a file where downloads go. Answers its place where that is known. Rejects with {@link CallFailed}. */
export async function saveFile(name: string, mime: string, bytes: ArrayBuffer): Promise<string | null> {
  try {
    return await host().saveFile(name, mime, bytes)
  } catch (reason) {
    throw callFailed('save_file', reason)
  }
}

/** What went wrong, of anything that was caught. */
export function failureOf(reason: unknown): Failure | CallFailed['failure'] {
  return callFailed('', reason).failure
}
