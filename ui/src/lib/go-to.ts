/** Leaves the studio for a page of somebody else. */
export function goTo(url: string): void {
  window.location.assign(url);
}
