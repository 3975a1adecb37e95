import type { Fixed } from './part.ts';

/** Markdown between fields; common leading blanks of its lines are removed. */
export function markdown(body: string): Fixed {
  const lines = body.replace(/^\n|\n[ \t]*$/g, '').split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const indent = Math.min(...indents, body.length);
  return { element: () => ({ type: 'markdown', text: lines.map((line) => line.slice(indent)).join('\n') }) };
}

/** HTML between fields, cleaned before it is shown: formatting and links stay. Markdown does as well. */
export function html(body: string): Fixed {
  return { element: () => ({ type: 'html', text: body }) };
}

/** A rule across the form. */
export function hr(): Fixed {
  return { element: () => ({ type: 'hr' }) };
}

/** Some room between fields. */
export function lineBreak(): Fixed {
  return { element: () => ({ type: 'break' }) };
}

/** Where errors of the form as a whole are shown; without it, above the buttons. */
export function errors(): Fixed {
  return { element: () => ({ type: 'errors' }) };
}

/** The button that sends the form. */
export function submit(caption: string): Fixed {
  return { element: () => ({ type: 'submit', text: caption }) };
}

/** The button that leaves the form; nothing is sent. */
export function cancel(caption: string): Fixed {
  return { element: () => ({ type: 'cancel', text: caption }) };
}
