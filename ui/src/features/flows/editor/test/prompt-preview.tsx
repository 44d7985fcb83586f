import { visible } from '@/lib/json-text';
import classes from './node-test.module.css';
import type { Preview } from './preview-prompt';
import { texts } from './texts';

/** What the model of a node would be sent. */
export function PromptPreview({ preview: { prompt, error } }: { preview: Preview }) {
  return (
    <section className={classes.result} aria-label={texts.prompt}>
      {error && (
        <div className={classes.error}>
          <p className={classes.message}>{visible(error)}</p>
        </div>
      )}
      {prompt?.system && <Part title={texts.system} text={prompt.system} />}
      {prompt && <Part title={texts.user} text={prompt.user} />}
      {prompt && prompt.tools.length > 0 && (
        <p className={classes.detail}>{texts.offered(prompt.tools.map(visible).join(', '))}</p>
      )}
    </section>
  );
}

function Part({ title, text }: { title: string; text: string }) {
  return (
    <div>
      <h3 className={classes.heading}>{title}</h3>
      <pre className={classes.prompt}>{visible(text)}</pre>
    </div>
  );
}
