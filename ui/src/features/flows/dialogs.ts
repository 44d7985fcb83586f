/** The dialogs about flows. Each is loaded when it is first opened: most visits need none. */
import { lazyRouteComponent } from '@tanstack/react-router';

export const CompareModal = lazyRouteComponent(() => import('./compare-modal'), 'CompareModal');
export const DeleteModal = lazyRouteComponent(() => import('./list/delete-modal'), 'DeleteModal');
export const ImportModal = lazyRouteComponent(() => import('./list/import-modal'), 'ImportModal');
export const MoveModal = lazyRouteComponent(() => import('./list/move-modal'), 'MoveModal');
export const NewFlowModal = lazyRouteComponent(() => import('./list/new-flow-modal'), 'NewFlowModal');
export const RunModal = lazyRouteComponent(() => import('./run/run-modal'), 'RunModal');
export const SettingsModal = lazyRouteComponent(() => import('./settings/settings-modal'), 'SettingsModal');
export const VersionsDrawer = lazyRouteComponent(() => import('./versions/versions-drawer'), 'VersionsDrawer');
