import { grantWords } from '@airlock/protocol/grant-rules';
import type { Grant } from '@airlock/protocol/grants';
import type { JsonObject } from '@airlock/protocol/json';
import type { SessionAsk } from '@airlock/protocol/requests';
import { useId, useState } from 'react';
import { type Draft, useDraft } from '../../lib/draft.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { DiffView } from '../../ui/diff-view.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Field, inputClass } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { AnswerFailure, RequestFrame, type RequestProps } from './request-frame.tsx';
import { editedInput, editFields } from './tool-edit.ts';
import { fileEdit, toolClaim, toolFields } from './tool-fields.ts';
import { requestScope, useAnswer } from './use-answer.ts';

export type ToolAsk = Extract<SessionAsk, { kind: 'tool' }>;

interface ToolRequestProps extends RequestProps {
  ask: ToolAsk;
}

/** May Claude run this? Shows exactly what would run, and takes no answer from a stray key. */
export function ToolRequest({ ask, ...about }: ToolRequestProps) {
  const { request, answerers } = about;
  return (
    <RequestFrame title="Claude asks to use a tool" testId="tool-request" {...about} focusField={false}>
      <div className="space-y-4">
        <ToolCallInFull ask={ask} />
        {answerers === null && <Verdict request={request} ask={ask} />}
      </div>
    </RequestFrame>
  );
}

function Verdict({ request, ask }: { request: string; ask: ToolAsk }) {
  const { send, busy, error } = useAnswer(request);
  const { draft, set } = useDraft(requestScope(request), { message: '' });
  const [editing, setEditing] = useState(false);
  const typed = typeof draft.message === 'string' ? draft.message : '';
  const message = typed.trim() === '' ? {} : { message: typed.trim() };
  const edited = editing ? editedInput(ask.input, draft) : { kind: 'same' as const };
  const deny = (more: JsonObject) => send({ decision: 'deny', ...message, ...more });
  return (
    <>
      {editing && <EditFields input={ask.input} draft={draft} set={set} />}
      {edited.kind === 'wrong' && (
        <p role="alert" className="text-sm font-medium text-red">
          Not JSON: {edited.names.join(', ')}
        </p>
      )}
      {ask.defaultToNo && (
        <p data-testid="tool-default-no" className="text-sm font-medium text-amber">
          The safe answer is no: allow it only when you know what it does.
        </p>
      )}
      <MessageField value={typed} onChange={(text) => set('message', text)} />
      <AnswerFailure error={error} />
      <div className="flex flex-wrap gap-2">
        {edited.kind === 'edited' ? (
          <Button
            look="primary"
            busy={busy}
            data-testid="tool-allow-edited"
            onClick={() => send({ decision: 'allow', updatedInput: edited.input })}
          >
            Allow as edited
          </Button>
        ) : (
          <Button
            look={ask.defaultToNo ? 'plain' : 'primary'}
            busy={busy}
            disabled={edited.kind === 'wrong'}
            data-testid="tool-allow"
            onClick={() => send({ decision: 'allow' })}
          >
            Allow
          </Button>
        )}
        <Button disabled={busy} aria-expanded={editing} data-testid="tool-edit" onClick={() => setEditing(!editing)}>
          {editing ? 'Do not edit' : 'Edit first'}
        </Button>
        <Button look="danger" disabled={busy} data-testid="tool-deny" onClick={() => deny({})}>
          Deny
        </Button>
        <Button look="danger" disabled={busy} data-testid="tool-deny-stop" onClick={() => deny({ interrupt: true })}>
          Deny and stop
        </Button>
      </div>
      {ask.grants && edited.kind === 'same' && (
        <AllowAlways grants={ask.grants} busy={busy} onAllow={() => send({ decision: 'allow', remember: true })} />
      )}
    </>
  );
}

function AllowAlways({ grants, busy, onAllow }: { grants: Grant[]; busy: boolean; onAllow: () => void }) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-t border-line pt-4 text-sm text-ink-soft">
      <Button disabled={busy} data-testid="tool-allow-always" onClick={onAllow}>
        Allow always
      </Button>
      <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
        For the rest of this conversation:{' '}
        {grantWords(grants).map((words, at) => (
          <span key={words}>
            {at > 0 && ', '}
            <code className="font-mono text-[0.83rem]">
              <Revealed text={words} exact />
            </code>
          </span>
        ))}
      </span>
    </div>
  );
}

interface EditFieldsProps {
  input: JsonObject;
  draft: Draft;
  set: (name: string, value: string) => void;
}

/** Every field of the call, with what the person changed. */
function EditFields({ input, draft, set }: EditFieldsProps) {
  const id = useId();
  return (
    <div className="space-y-4" data-testid="tool-edit-fields">
      {editFields(input).map(({ name, key, before }) => {
        const typed = draft[key];
        const value = typeof typed === 'string' ? typed : before;
        return (
          <div key={key} className="space-y-2">
            <Field id={`${id}-${name}`} label={name}>
              <textarea
                id={`${id}-${name}`}
                data-testid={`tool-edit-${name}`}
                rows={1}
                spellCheck={false}
                className={`${inputClass} field-sizing-content max-h-96 font-mono text-[0.85rem]`}
                value={value}
                onChange={(event) => set(key, event.target.value)}
              />
            </Field>
            {value !== before && <DiffView before={before} after={value} label="What you changed" />}
          </div>
        );
      })}
    </div>
  );
}

function ToolCallInFull({ ask }: { ask: ToolAsk }) {
  const claim = ask.description ?? toolClaim(ask.input);
  return (
    <>
      <div>
        <p className="text-lg font-semibold tracking-tight [overflow-wrap:anywhere]">
          <Revealed text={ask.tool} exact />
        </p>
        {claim && (
          <p className="text-sm text-ink-soft">
            Claude says: “<Revealed text={claim} />”
          </p>
        )}
        <Origin ask={ask} />
        {ask.reason && (
          <p className="text-sm text-ink-soft">
            Asked because: <Revealed text={ask.reason} />
          </p>
        )}
      </div>
      <Changed ask={ask} />
      <CallFields ask={ask} />
      <Disclosure summary="Full input as JSON">
        {() => <CodeBlock text={JSON.stringify(ask.input, null, 2)} lines={200} />}
      </Disclosure>
    </>
  );
}

/** What differs from the call that was decided on before its container was lost. */
function Changed({ ask: { changedFrom, input } }: { ask: ToolAsk }) {
  if (!changedFrom) return null;
  return (
    <Notice tone="attention" title="You decided on another call" testId="tool-changed">
      <p className="mt-1 mb-2 text-ink-soft">
        Its container was lost before that ran, and Claude asks for something else now:
      </p>
      <DiffView before={JSON.stringify(changedFrom, null, 2)} after={JSON.stringify(input, null, 2)} />
    </Notice>
  );
}

/** Where the call comes from, when not from Claude's own tools in the main conversation. */
function Origin({ ask: { mcpServer, agent, blockedPath } }: { ask: ToolAsk }) {
  const lines = [
    ...(mcpServer ? [['From the MCP server ', mcpServer.name, ` (${mcpServer.source})`]] : []),
    ...(agent ? [['Asked by the sub-agent ', agent, '']] : []),
    ...(blockedPath ? [['Outside of the workspace: ', blockedPath, '']] : []),
  ];
  return lines.map(([before = '', name = '', after = '']) => (
    <p key={before} className="text-sm text-ink-soft [overflow-wrap:anywhere]">
      {before}
      <Revealed text={name} exact />
      <Revealed text={after} />
    </p>
  ));
}

/** What the call would do; an edit of a file as what it changes. */
function CallFields({ ask: { tool, input } }: { ask: ToolAsk }) {
  const edit = fileEdit(tool, input);
  const fields = toolFields(tool, input).filter(
    ({ label }) => !edit || (label !== 'old_string' && label !== 'new_string'),
  );
  return (
    <>
      {fields.map(({ label, text }) => (
        <CodeBlock key={label ?? ''} text={text} {...(label !== null && { label })} />
      ))}
      {edit && <DiffView before={edit.before} after={edit.after} label="Change" />}
    </>
  );
}

function MessageField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const id = useId();
  return (
    <Field id={id} label="If you deny: what Claude should do instead (optional)">
      <textarea
        id={id}
        data-testid="tool-message"
        rows={1}
        maxLength={10_000}
        className={`${inputClass} field-sizing-content max-h-48`}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}
