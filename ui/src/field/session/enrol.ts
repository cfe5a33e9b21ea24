// What enrolling needs, for a phone of nobody's and for one that was signed out.
import { deviceName } from './device'

/** The address of a server as it is called: without a scheme it is https. */
export function serverAddress(typed: string): string {
  const server = typed.trim()
  return /^https?:\/\//.test(server) ? server : `https://${server}`
}

/** What is handed in with a code. Of a phone that keeps its register the PIN stays, so none is given. */
export function enrolArgs(form: { server: string; code: string; pin?: string }): { server: string; code: string; pin: string; device_name: string } {
  return { server: serverAddress(form.server), code: form.code.trim(), pin: form.pin ?? '', device_name: deviceName(navigator.userAgent) }
}
