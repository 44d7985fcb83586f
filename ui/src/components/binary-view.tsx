import { IconFile } from '@tabler/icons-react';
import { type Binary, imageOf } from '@/lib/binary';
import { readableSize, visible } from '@/lib/json-text';
import { texts } from '@/lib/texts';
import classes from './json-view.module.css';

/** Bytes: an image small, anything else by its name, type and size. Nothing in it is interpreted. */
export function BinaryView({ binary }: { binary: Binary }) {
  const { contentType, name, size } = binary;
  const image = imageOf(binary);
  const facts = [name, contentType ?? texts.json.unknownType, readableSize(size)];
  return (
    <span className={classes.binary}>
      {image ? (
        <img className={classes.thumbnail} src={image} alt={name ? visible(name) : texts.json.image} loading="lazy" />
      ) : (
        <IconFile size={14} aria-hidden />
      )}
      <span>
        {facts
          .filter((fact) => fact !== null)
          .map(visible)
          .join(' · ')}
      </span>
    </span>
  );
}
