import type { UserRow } from "@/api/generated/UserRow";

/** What the actions have to know of a user. */
export type ActionUser = Pick<UserRow, "id" | "email" | "status" | "plan_code">;
