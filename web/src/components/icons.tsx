export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path d="M9 16h5m4-6h5m-5 12h5M14 16c3 0 1-6 4-6m-4 6c3 0 1 6 4 6" stroke="#fff" strokeWidth="2.4" fill="none" strokeLinecap="round" />
    </svg>
  );
}

const DRAWINGS = {
  runs: "M4 4l9 5-9 5z",
  projects: "M2.5 5.5h4l1.5 2h7.5v6.5h-13z",
  queue: "M3 4.5h12M3 9h12M3 13.5h7",
  fleet: "M3 3.5h12v4H3zM3 10.5h12v4H3zM5.5 5.5h.1M5.5 12.5h.1",
  search: "M8 3.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM11.5 11.5L15 15",
};

export function NavIcon({ name }: { name: keyof typeof DRAWINGS }) {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round" aria-hidden="true">
      <path d={DRAWINGS[name]} />
    </svg>
  );
}
