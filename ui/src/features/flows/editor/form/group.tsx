import type { FieldProps } from './field';
import classes from './form.module.css';
import { SchemaField } from './schema-field';

/** The fields of an object. What its schema does not name stays as it is. */
export function Group({ title, schema, value, onChange, ...rest }: FieldProps) {
  return (
    <div role="group" aria-label={title} className={classes.frame}>
      <span className={classes.label}>{title}</span>
      <div className={classes.group}>
        <Fields schema={schema} value={value} onChange={onChange} {...rest} />
      </div>
    </div>
  );
}

/** The fields of an object without a frame. */
export function Fields({ schema, value, onChange, path, placeholder: _, ...rest }: Omit<FieldProps, 'title'>) {
  const object = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const set = (key: string, next: unknown) => {
    const { [key]: _old, ...others } = object;
    onChange(next === undefined ? others : { ...object, [key]: next });
  };
  return (
    <div className={classes.fields}>
      {Object.entries(schema.properties ?? {})
        .filter(([, property]) => property.const === undefined)
        .map(([key, property]) => (
          <SchemaField
            {...rest}
            key={key}
            title={property.title ?? key}
            schema={property}
            value={object[key]}
            onChange={(next) => set(key, next)}
            path={[...path, key]}
            required={schema.required?.includes(key)}
          />
        ))}
    </div>
  );
}
