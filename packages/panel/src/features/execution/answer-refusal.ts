import type { ApiError } from '../../lib/api-error.ts';

export interface Refusal {
  title: string;
  /** It cannot be answered any more. */
  late: boolean;
  /** What became of what the person typed, and what to do with it. */
  kept: string;
}

/**
 * Why an answer was not taken although nothing is wrong with it: somebody was faster, its time is over, it is not this
 * person's to give, or the host cannot take it now. Null for what is an error.
 */
export function explainRefusal({ status, code, title }: ApiError): Refusal | null {
  switch (status) {
    case 409:
    case 410:
      return { title, late: true, kept: 'What you typed is kept until you leave this tab.' };
    case 403:
      return {
        title: 'This is not yours to answer',
        late: false,
        kept: 'Nothing was sent on. What you typed is kept until you leave this tab.',
      };
    case 503:
      return {
        title: code === 'host_stopping' ? title : 'Your answer could not be taken just now',
        late: false,
        kept: 'The request is still open and what you typed is still here. Send it again in a moment.',
      };
    default:
      return null;
  }
}
