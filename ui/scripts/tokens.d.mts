/** The style sheet that belongs to a set of tokens. */
export function stylesheet(tokens: unknown): string;
/** The command line's colours as Rust. */
export function terminalColours(tokens: unknown): string;
