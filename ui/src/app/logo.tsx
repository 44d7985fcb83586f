/** The logo: a failed attempt, a backoff, and an attempt that succeeds. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#3b4fd8" />
      <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round">
        <path d="M8 21.5c4.5 0 4.5-11 9-11h7" />
        <path d="M17 21.5h7" strokeOpacity=".55" strokeDasharray=".1 4.4" />
      </g>
      <circle cx="8" cy="21.5" r="2.8" fill="#fff" />
      <circle cx="24" cy="10.5" r="2.8" fill="#fff" />
    </svg>
  );
}
