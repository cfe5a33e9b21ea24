// How an enrolment code is written for people and for cameras.

/** What the QR code says: where the server is, and the code. */
export function enrolLink(server: string, code: string): string {
  return `doorstep://enrol?${new URLSearchParams({ server, code })}`
}

/** A code in groups that can be read aloud; one that already has its groups stays as it is. */
export function spelled(code: string): string {
  return /[^0-9A-Za-z]/.test(code) ? code : (code.match(/.{1,4}/g) ?? []).join(' ')
}
