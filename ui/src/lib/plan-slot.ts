const SLOTS: Record<string, number> = { starter: 1, pro: 2, enterprise: 3, free: 4 };

/** The palette slot of a plan: plans keep theirs in every view. */
export function planSlot(code: string | null): string {
  const slot = code ? SLOTS[code.toLowerCase()] : undefined;
  return slot ? `var(--chart-${slot})` : "var(--chart-other)";
}
