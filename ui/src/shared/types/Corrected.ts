export type Corrected = { version: string, };
