import type { FC } from "react";

/** A sentence of the engine's; what stands between backticks in it is typed as it is. */
export const Words: FC<{ children: string }> = ({ children }) =>
  children.split("`").map((part, place) =>
    place % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of one sentence never move
      <code key={place} className="mono">
        {part}
      </code>
    ) : (
      part
    ),
  );
