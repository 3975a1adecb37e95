import { type ComponentProps, memo } from 'react';
import ReactMarkdown, { type Components, type UrlTransform } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { openFence, splitMarkdown } from './markdown-blocks.ts';

const plugins = [remarkGfm];
const safe = /^(?:https?:|mailto:)/i;

/** Only addresses that name their scheme, and only harmless ones; everything else becomes plain text. */
const keepSafe: UrlTransform = (url) => (safe.test(url) ? url : '');

const linkProps = { target: '_blank', rel: 'noopener noreferrer nofollow' } as const;

function SafeLink({ href, children }: { href?: string | undefined; children?: React.ReactNode }) {
  if (!href) return <span>{children}</span>;
  return (
    <a href={href} title={href} {...linkProps}>
      {children}
    </a>
  );
}

const components: Components = {
  a: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
  // Loading an image would tell its server who reads this.
  img: ({ src, alt }) => (
    <SafeLink href={typeof src === 'string' ? src : undefined}>[image: {alt || 'untitled'}]</SafeLink>
  ),
  pre: ({ children }) => <pre className="code-block">{children}</pre>,
  table: ({ children }) => (
    <div className="table-scroll">
      <table>{children}</table>
    </div>
  ),
  input: ({ checked }: ComponentProps<'input'>) => (
    <input type="checkbox" checked={checked === true} disabled readOnly aria-label={checked ? 'done' : 'not done'} />
  ),
};

const Block = memo(function Block({ text }: { text: string }) {
  const code = openFence(text);
  return (
    <div className="md-block">
      {code === null ? (
        <ReactMarkdown remarkPlugins={plugins} components={components} urlTransform={keepSafe}>
          {text}
        </ReactMarkdown>
      ) : (
        <pre className="code-block">
          <code>{code}</code>
        </pre>
      )}
    </div>
  );
});

interface MarkdownProps {
  text: string;
  /** Still being written: shows a caret. */
  live?: boolean;
}

/** Hostile Markdown, shown without HTML and without images. Blocks that are finished are rendered once. */
export const Markdown = memo(function Markdown({ text, live = false }: MarkdownProps) {
  const blocks = splitMarkdown(text);
  return (
    <div className={`prose-air ${live ? 'live-caret' : ''}`}>
      {blocks.map((block, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks are only ever added at the end
        <Block key={place} text={block} />
      ))}
    </div>
  );
});
