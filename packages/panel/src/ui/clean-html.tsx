import purifier from 'dompurify';
import { memo } from 'react';

const allowedTags = [
  ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'div', 'span', 'br', 'hr', 'blockquote', 'pre'],
  ...['a', 'abbr', 'b', 'code', 'del', 'em', 'i', 'ins', 'kbd', 'mark', 'q', 's', 'samp', 'small', 'strong'],
  ...['sub', 'sup', 'u', 'var', 'wbr', 'ul', 'ol', 'li', 'dl', 'dt', 'dd', 'details', 'summary'],
  ...['table', 'caption', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td'],
];
const allowedAttributes = ['href', 'title', 'colspan', 'rowspan', 'scope', 'start', 'dir', 'lang'];
const safeAddress = /^(?:https?:|mailto:)/i;

purifier.addHook('afterSanitizeAttributes', (node) => {
  if (!node.hasAttribute('href')) return;
  if (node.nodeName !== 'A' || !safeAddress.test(node.getAttribute('href') ?? '')) {
    node.removeAttribute('href');
    return;
  }
  node.setAttribute('target', '_blank');
  node.setAttribute('rel', 'noopener noreferrer nofollow');
});

/** Not for safety: browsers report handlers to the content security policy when they are read, before they are removed. */
function muteHandlers(html: string): string {
  return html.replace(/<[a-z][^>]*/gi, (tag) => tag.replace(/([\s"'/])on[a-z]+(?=\s*=)/gi, '$1data-muted'));
}

function clean(html: string): DocumentFragment {
  return purifier.sanitize(muteHandlers(html), {
    ALLOWED_TAGS: allowedTags,
    ALLOWED_ATTR: allowedAttributes,
    ALLOWED_URI_REGEXP: safeAddress,
    ALLOW_ARIA_ATTR: false,
    ALLOW_DATA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

/** Hostile HTML, of which only formatting is left: no styles, images, ids or handlers; links name a harmless scheme. */
export const CleanHtml = memo(function CleanHtml({ html }: { html: string }) {
  return (
    <div className="prose-air prose-html">
      <div className="md-block" ref={(place) => place?.replaceChildren(clean(html))} />
    </div>
  );
});
