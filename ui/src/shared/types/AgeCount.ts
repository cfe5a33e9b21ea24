import type { Age } from "./Age";
export type AgeCount = { age: Age, records: number, };
