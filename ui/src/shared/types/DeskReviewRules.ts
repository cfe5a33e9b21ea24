import type { LowRisk } from "./LowRisk";
import type { ReviewRules } from "./ReviewRules";
export type DeskReviewRules = { rules: ReviewRules, choices: LowRisk, };
