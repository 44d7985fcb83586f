/** The dialogs about flows. Each is loaded when it is first opened: most visits need none. */
import { lazyPart } from '@/components/lazy-part';

export const CompareModal = lazyPart(async () => (await import('./compare-modal')).CompareModal);
export const DeleteModal = lazyPart(async () => (await import('./list/delete-modal')).DeleteModal);
export const ImportModal = lazyPart(async () => (await import('./list/import-modal')).ImportModal);
export const MoveModal = lazyPart(async () => (await import('./list/move-modal')).MoveModal);
export const NewFlowModal = lazyPart(async () => (await import('./list/new-flow-modal')).NewFlowModal);
export const RunModal = lazyPart(async () => (await import('./run/run-modal')).RunModal);
export const SettingsModal = lazyPart(async () => (await import('./settings/settings-modal')).SettingsModal);
export const VersionsDrawer = lazyPart(async () => (await import('./versions/versions-drawer')).VersionsDrawer);
