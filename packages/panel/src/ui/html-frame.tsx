const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** Hostile HTML in a frame that may do nothing: no scripts, no forms, no loads from outside. */
export function HtmlFrame({ html, title }: { html: string; title: string }) {
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="color-scheme" content="light">`;
  return (
    <iframe
      sandbox=""
      srcDoc={`<!doctype html>${head}<style>body{font:15px/1.5 system-ui,sans-serif;margin:12px}</style>${html}`}
      title={title}
      referrerPolicy="no-referrer"
      className="h-72 w-full resize-y rounded-lg border border-line bg-white"
    />
  );
}
