/** Names for what changed; the `changes` event carries them, queries declare the ones they depend on. */
export const CHANGE_TAGS = ["workspace", "settings", "sync", "usage", "users", "plans", "audit"] as const;

/** One of the names. */
export type ChangeTag = (typeof CHANGE_TAGS)[number];
