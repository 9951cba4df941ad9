import { type FC, useEffect, useState } from "react";
import { useIsDrawn } from "./frame";
import { createStore, useStore } from "./store";

/**
 * A part of a view that is loaded once the first frame is on screen: the window stands the sooner for every file that it
 * need not read before. What was loaded stays, and is drawn at once from then on.
 *
 * React's own `lazy` holds what takes a placeholder's place back for a third of a second.
 */
export function later<Props extends object>(load: () => Promise<FC<Props>>): FC<Props> {
  const part = createStore<FC<Props> | undefined>(undefined);
  let loading: Promise<void> | undefined;
  const ask = () => {
    loading ??= load()
      .then(part.set)
      .finally(() => {
        loading = undefined;
      });
    return loading;
  };
  return (props) => {
    const isDrawn = useIsDrawn();
    const Part = useStore(part);
    const [failure, setFailure] = useState<{ error: unknown }>();
    useEffect(() => {
      if (isDrawn && !part.get()) ask().catch((error: unknown) => setFailure({ error }));
    }, [isDrawn]);
    // The view says so; drawn anew, it asks again.
    if (failure) throw failure.error;
    return Part ? <Part {...props} /> : null;
  };
}
