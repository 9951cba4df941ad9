import type { FC, ReactNode } from "react";

// Drawn on a 16 px grid with a 1.4 px line and round caps; the status glyphs on 12 px.

const SHAPES = {
  updown: (
    <>
      <path d="M5 6.2 8 3.2l3 3M5 9.8l3 3 3-3" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4.3" />
      <path d="M10.2 10.2 13.5 13.5" />
    </>
  ),
  overview: (
    <>
      <rect x="2.5" y="2.5" width="4.6" height="5.6" rx="1" />
      <rect x="8.9" y="2.5" width="4.6" height="3" rx="1" />
      <rect x="8.9" y="7.9" width="4.6" height="5.6" rx="1" />
      <rect x="2.5" y="10.5" width="4.6" height="3" rx="1" />
    </>
  ),
  user: (
    <>
      <circle cx="8" cy="5.2" r="2.6" />
      <path d="M3 13.5c.4-2.6 2.4-4 5-4s4.6 1.4 5 4" />
    </>
  ),
  scroll: (
    <>
      <rect x="3" y="2.5" width="10" height="11" rx="1" />
      <path d="M5.5 5.5h5M5.5 8h5M5.5 10.5h3" />
    </>
  ),
  card: (
    <>
      <rect x="2" y="3.5" width="12" height="9" rx="1.2" />
      <path d="M2 6.4h12M4.6 9.8h2.6" />
    </>
  ),
  sync: (
    <>
      <path d="M13.4 6.4A5.6 5.6 0 0 0 3.3 5M2.6 2.5v2.8h2.8M2.6 9.6A5.6 5.6 0 0 0 12.7 11M13.4 13.5v-2.8h-2.8" />
    </>
  ),
  layers: (
    <>
      <path d="M8 2.5 2.5 5.4 8 8.3l5.5-2.9zM2.5 8.2 8 11.1l5.5-2.9M2.5 11 8 13.9l5.5-2.9" />
    </>
  ),
  trend: (
    <>
      <path d="M2 12l4-4 2.5 2.5L14 5M10.5 5H14v3.5" />
    </>
  ),
  fan: (
    <>
      <path d="M2 11.5 6 9l8-6M6 9l8-2M6 9l8 2" />
    </>
  ),
  broom: (
    <>
      <path d="M13 3 8.6 7.4M6 6.8l3.2 3.2M6 6.8c-1.6.3-2.6 1.4-3.4 3.6l3 3c2.2-.8 3.3-1.8 3.6-3.4" />
    </>
  ),
  key: (
    <>
      <circle cx="5.2" cy="10.8" r="2.7" />
      <path d="M7.2 8.8 13.5 2.5M10.6 5.4l2.2 2.2" />
    </>
  ),
  gauge: (
    <>
      <path d="M2.8 12.2a5.8 5.8 0 1 1 10.4 0" />
      <path d="M8 9.6 10.6 6" />
      <circle cx="8" cy="10.2" r=".9" />
    </>
  ),
  filter: (
    <>
      <path d="M2.5 4h11M4.5 8h7M6.5 12h3" />
    </>
  ),
  pulse: (
    <>
      <path d="M2 8h2.5l2-4.5 3 9 2-4.5H14" />
    </>
  ),
  sliders: (
    <>
      <path d="M2.5 4.5h6M11.5 4.5h2M2.5 11.5h2M7.5 11.5h6" />
      <circle cx="10" cy="4.5" r="1.5" />
      <circle cx="6" cy="11.5" r="1.5" />
    </>
  ),
  calendar: (
    <>
      <rect x="2.5" y="3.5" width="11" height="10" rx="1" />
      <path d="M2.5 6.7h11M5.5 2v3M10.5 2v3" />
    </>
  ),
  team: (
    <>
      <circle cx="6" cy="5.5" r="2.3" />
      <path d="M1.8 13c.3-2.4 2-3.7 4.2-3.7s3.9 1.3 4.2 3.7M10.6 3.4a2.2 2.2 0 0 1 0 4.2M12 9.6c1.3.5 2.1 1.7 2.3 3.4" />
    </>
  ),
  up: (
    <>
      <path d="M4.5 9.7 8 6.2l3.5 3.5" />
    </>
  ),
  down: (
    <>
      <path d="M4.5 6.3 8 9.8l3.5-3.5" />
    </>
  ),
  compare: (
    <>
      <path d="M5 3 2.5 5.5 5 8M2.5 5.5H11M11 8l2.5 2.5L11 13M13.5 10.5H5" />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="5.7" />
      <path d="M8 4.8V8l2.2 1.4" />
    </>
  ),
  lock: (
    <>
      <rect x="3.5" y="7" width="9" height="6.5" rx="1" />
      <path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2" />
    </>
  ),
  download: (
    <>
      <path d="M8 2.5V10M4.8 7 8 10.2 11.2 7M2.5 13.5h11" />
    </>
  ),
  table: (
    <>
      <rect x="2.5" y="3" width="11" height="10" rx="1" />
      <path d="M2.5 6.3h11M2.5 9.6h11M6.5 6.3V13" />
    </>
  ),
  help: (
    <>
      <circle cx="8" cy="8" r="5.7" />
      <path d="M6.4 6.5a1.7 1.7 0 1 1 2.4 1.5c-.6.3-.8.6-.8 1.1M8 11.2v.1" />
    </>
  ),
  play: (
    <>
      <path d="M5 3.5v9l7.5-4.5z" />
    </>
  ),
  unplug: (
    <>
      <path d="M2.5 2.5l11 11M5.5 2.4v1.4M10.5 2v3M7 5h5v2.5c0 .8-.2 1.5-.6 2.1M9.4 11.2A4 4 0 0 1 4 7.5V5.4M8 11.5V14" />
    </>
  ),
  pause: (
    <>
      <path d="M5.5 3.5v9M10.5 3.5v9" />
    </>
  ),
  x: (
    <>
      <path d="M4 4l8 8M12 4l-8 8" />
    </>
  ),
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1" />
      <path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2" />
    </>
  ),
  check: (
    <>
      <path d="M3 8.4 6.4 11.8 13 4.6" />
    </>
  ),
  building: (
    <>
      <path d="M3.5 13.5v-10a1 1 0 0 1 1-1h4a1 1 0 0 1 1 1v10M9.5 6.5h2a1 1 0 0 1 1 1v6M2 13.5h12M6 5.5h1M6 8h1M6 10.5h1" />
    </>
  ),
  db: (
    <>
      <ellipse cx="8" cy="4.2" rx="5.5" ry="1.9" />
      <path d="M2.5 4.2v7.6c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2V4.2M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2" />
    </>
  ),
  eye: (
    <>
      <path d="M1.8 8S4 3.8 8 3.8 14.2 8 14.2 8 12 12.2 8 12.2 1.8 8 1.8 8z" />
      <circle cx="8" cy="8" r="1.9" />
    </>
  ),
  plug: (
    <>
      <path d="M5.5 2v3M10.5 2v3M4 5h8v2.5a4 4 0 0 1-8 0zM8 11.5V14" />
    </>
  ),
  bars: (
    <>
      <path d="M3 13.5V9.5M6.4 13.5V5M9.7 13.5V7.5M13 13.5V2.5" />
    </>
  ),
  code: (
    <>
      <path d="M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5" />
    </>
  ),
  plus: (
    <>
      <path d="M8 3v10M3 8h10" />
    </>
  ),
  unlock: (
    <>
      <rect x="3.5" y="7" width="9" height="6.5" rx="1" />
      <path d="M5.5 7V5a2.5 2.5 0 0 1 4.8-1" />
    </>
  ),
  arrow: (
    <>
      <path d="M3 8h10M9.5 4.5 13 8l-3.5 3.5" />
    </>
  ),
  more: (
    <>
      <g fill="currentColor" stroke="none">
        <circle cx="3.5" cy="8" r="1.1" />
        <circle cx="8" cy="8" r="1.1" />
        <circle cx="12.5" cy="8" r="1.1" />
      </g>
    </>
  ),
} satisfies Record<string, ReactNode>;

const GLYPHS = {
  ok: (
    <>
      <path
        d="M2 6.4 4.7 9 10 3.2"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.7"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </>
  ),
  info: (
    <>
      <circle cx="6" cy="6" r="3.6" fill="currentColor" />
    </>
  ),
  warning: (
    <>
      <path
        d="M6 1.8 11 10.4H1z"
        fill="currentColor"
        stroke="currentColor"
        strokeWidth=".8"
        strokeLinejoin="round"
      />
    </>
  ),
  danger: (
    <>
      <rect x="2.2" y="2.2" width="7.6" height="7.6" rx="1" fill="currentColor" />
    </>
  ),
  neutral: (
    <>
      <circle cx="6" cy="6" r="3.4" fill="none" stroke="currentColor" strokeWidth="1.5" />
    </>
  ),
} satisfies Record<string, ReactNode>;

/** Name of a drawn icon. */
export type IconName = keyof typeof SHAPES;

/** How something is: icon, word and colour always go together. */
export type Tone = keyof typeof GLYPHS;

/** A line icon; always beside a word or inside a control with a name. */
export const Icon: FC<{ name: IconName; className?: string }> = ({ name, className }) => (
  <svg
    className={className ? `i ${className}` : "i"}
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.4"
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
  >
    {SHAPES[name]}
  </svg>
);

/** A status glyph. */
export const Glyph: FC<{ tone: Tone }> = ({ tone }) => (
  <svg className="g" viewBox="0 0 12 12" aria-hidden="true">
    {GLYPHS[tone]}
  </svg>
);
