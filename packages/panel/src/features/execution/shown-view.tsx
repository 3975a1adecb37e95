import type { Shown } from '@airlock/protocol/events';
import { CodeBlock } from '../../ui/code-block.tsx';
import { HtmlFrame } from '../../ui/html-frame.tsx';
import { Markdown } from '../../ui/markdown.tsx';

/** What a service shows. All of it is hostile. */
export function ShownView({ shown }: { shown: Shown }) {
  switch (shown.type) {
    case 'markdown':
      return <Markdown text={shown.body} />;
    case 'html':
      return <HtmlFrame html={shown.body} title="Shown by the service" />;
    case 'text':
      return <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{shown.body}</p>;
    case 'json':
      return <CodeBlock text={JSON.stringify(shown.body, null, 2)} />;
  }
}
