/** Notifications of the browser: only where somebody asked for them, and only while the page is in the background. */
import { useSyncExternalStore } from 'react';

const KEY = 'steadflow.notify';
const listeners = new Set<() => void>();

/** Whether the browser can notify at all. */
export function canNotify(): boolean {
  return typeof Notification !== 'undefined';
}

function isOn(): boolean {
  return canNotify() && Notification.permission === 'granted' && localStorage.getItem(KEY) === 'on';
}

export function useNotifying(): boolean {
  return useSyncExternalStore((changed) => {
    listeners.add(changed);
    return () => listeners.delete(changed);
  }, isOn);
}

/** Asks the browser for permission. Returns whether notifications are on then. */
export async function turnOn(): Promise<boolean> {
  if ((await Notification.requestPermission()) === 'granted') localStorage.setItem(KEY, 'on');
  for (const listener of listeners) listener();
  return isOn();
}

export function turnOff(): void {
  localStorage.removeItem(KEY);
  for (const listener of listeners) listener();
}

/** Shows a notification, in place of an earlier one about the same. */
export function notify(about: string, text: string, onClick: () => void): void {
  if (!document.hidden) return;
  const shown = new Notification(text, { tag: `steadflow-${about}` });
  shown.onclick = () => {
    window.focus();
    onClick();
    shown.close();
  };
}
