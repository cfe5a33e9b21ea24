export type TakeBackOutcome = { taken: Array<string>, left: Array<string>, };
