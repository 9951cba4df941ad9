/** The style sheet that belongs to a set of tokens. */
export function stylesheet(tokens: unknown): string;
