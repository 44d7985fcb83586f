import { lazyPart } from '@/components/lazy-part';
import { endTour, useTour } from '@/lib/tour';

// Most visits do not need it.
const TourBar = lazyPart(async () => {
  const { TourBar } = await import('@/features/tour/tour-bar');
  return (props: { flow: string; onClose: () => void }) => <TourBar flow={props.flow} />;
});

/** The tour, where it was begun and is not over. */
export function Tour() {
  const tour = useTour();
  return typeof tour === 'object' ? <TourBar flow={tour.flow} onClose={endTour} /> : null;
}
