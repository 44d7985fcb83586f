import { notifications } from '@mantine/notifications';
import { type ComponentType, useEffect, useState } from 'react';
import { texts } from '@/lib/texts';

/** What every part has that opens and closes. */
interface Closable {
  onClose: () => void;
}

/**
 * Makes a dialog of one that is loaded when it is first shown, or by `preload`.
 *
 * Where it cannot be loaded it closes and says so: nothing else on the page is lost, and the next time it is tried again.
 */
export function lazyPart<Props extends Closable>(load: () => Promise<ComponentType<Props>>) {
  let loaded: ComponentType<Props> | undefined;
  const fetchPart = async () => {
    loaded ??= await load();
    return loaded;
  };
  // biome-ignore lint/correctness/noComponentHookFactories: parts are made once, at module scope.
  function Part(props: Props) {
    const [Shown, setShown] = useState(() => loaded);
    const { onClose } = props;
    // biome-ignore lint/correctness/useExhaustiveDependencies: it is loaded once, whatever closes it by then.
    useEffect(() => {
      if (Shown) return;
      let isHere = true;
      fetchPart().then(
        (part) => isHere && setShown(() => part),
        () => {
          notifications.show({ id: 'part', message: texts.partMissing, color: 'red' });
          if (isHere) onClose();
        },
      );
      return () => {
        isHere = false;
      };
    }, [Shown]);
    return Shown ? <Shown {...props} /> : null;
  }
  return Object.assign(Part, { preload: () => fetchPart().then(undefined, () => undefined) });
}
