import type { ReactNode } from 'react';

const paths = {
  services: <path d="M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z" />,
  executions: <path d="M5 6h14M5 12h14M5 18h9" />,
  inbox: <path d="M4 13 6.5 5h11L20 13v6H4zM4 13h5l1.5 2.5h3L15 13h5" />,
  sun: (
    <>
      <circle cx="12" cy="12" r="4" />
      <path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4" />
    </>
  ),
  moon: <path d="M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z" />,
  system: <path d="M4 5h16v11H4zM9 20h6M12 16v4" />,
  out: <path d="M14 5H5v14h9M10 12h10M17 9l3 3-3 3" />,
  chevron: <path d="m9 6 6 6-6 6" />,
  down: <path d="M12 5v14M6 13l6 6 6-6" />,
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  cross: <path d="m6 6 12 12M18 6 6 18" />,
  alert: <path d="M12 4 2.8 20h18.4zM12 10v4.5M12 17.2v.3" />,
  retry: <path d="M20 12a8 8 0 1 1-2.5-5.8M20 4v4h-4" />,
  tool: <path d="m5 7 5 5-5 5M12.5 17H19" />,
  thought: <path d="M7 18a4 4 0 0 1-1-7.9A5.5 5.5 0 0 1 16.7 9 4.5 4.5 0 0 1 17 18z" />,
  hand: (
    <path d="M8 12V6.5a1.5 1.5 0 0 1 3 0V11 4.5a1.5 1.5 0 0 1 3 0V11 6a1.5 1.5 0 0 1 3 0v8.5A5.5 5.5 0 0 1 11.5 20C8.5 20 7 18 4.5 13.5 4 12.3 5.8 11.5 6.6 12.5z" />
  ),
  file: <path d="M6 3h8l4 4v14H6zM14 3v4h4" />,
  eye: (
    <>
      <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z" />
      <circle cx="12" cy="12" r="2.8" />
    </>
  ),
  'eye-off': (
    <>
      <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z" />
      <circle cx="12" cy="12" r="2.8" />
      <path d="m4.5 4.5 15 15" />
    </>
  ),
  search: (
    <>
      <circle cx="11" cy="11" r="6" />
      <path d="m20 20-4.6-4.6" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof paths;

/** Decoration only: the text beside it says the same. */
export function Icon({ name, className = 'size-[1.15em]' }: { name: IconName; className?: string }) {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      className={`shrink-0 ${className}`}
    >
      {paths[name]}
    </svg>
  );
}

/** The hatch: a ring, its bars, and the signal lamp in the middle. */
export function Mark({ className = 'size-7' }: { className?: string }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 32 32" className={`shrink-0 ${className}`}>
      <rect x="1" y="1" width="30" height="30" rx="8" fill="#0f5f73" />
      <circle cx="16" cy="16" r="9" fill="none" stroke="#fff" strokeWidth="2.5" />
      <path d="M16 7v18M7 16h18" stroke="#fff" strokeWidth="2" />
      <circle cx="16" cy="16" r="3.5" fill="#f5b841" />
    </svg>
  );
}
