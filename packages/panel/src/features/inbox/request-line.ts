import type { Request } from '@airlock/protocol/requests';

/** A request in a chip and a line. The text may come from a model: show it revealed. */
export function describeRequest(request: Request): { label: string; text: string } {
  switch (request.kind) {
    case 'form': {
      const heading = request.elements.find((element) => element.type === 'markdown');
      const firstLine = heading?.text.split('\n').find((line) => line.trim() !== '');
      return { label: 'Answer', text: plainLine(firstLine ?? '') || request.name };
    }
    case 'tool': {
      const command = request.input.command;
      return { label: 'Approval', text: `${request.tool} ${typeof command === 'string' ? command : ''}`.trim() };
    }
    case 'question':
      return { label: 'Question', text: request.questions[0]?.question ?? '' };
    case 'elicitation':
      return { label: 'Request', text: `${request.server}: ${request.message}` };
    case 'plan':
      return { label: 'Plan', text: plainLine(request.plan.split('\n').find((line) => line.trim() !== '') ?? '') };
  }
}

/** Markdown's most common marks, taken off a heading. */
function plainLine(markdown: string): string {
  return markdown
    .replace(/^[#>\s]+/, '')
    .replaceAll(/[*_`]/g, '')
    .trim();
}
