import { type RefObject, useLayoutEffect, useState } from "react";

/** The width of an element in whole pixels, kept up to date; `assumed` before it is measured. */
export function useWidth(ref: RefObject<HTMLElement | null>, assumed: number): number {
  const [width, setWidth] = useState(assumed);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => {
      // A hidden window lays out nothing yet; no chart is ever as narrow as what it then measures.
      if (element.clientWidth >= 100) setWidth(element.clientWidth);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}
