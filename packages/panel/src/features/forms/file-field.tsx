import { sizeInWords } from '@airlock/protocol/files/file';
import { mostOf, refusalOf } from '@airlock/protocol/forms/files';
import { useRef } from 'react';
import type { DraftFile } from '../../lib/draft.ts';
import { plural } from '../../lib/format.ts';
import { describedBy, Field } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { type ControlProps, type ElementOf, frameOf } from './control.ts';
import { draftFilesIn } from './draft-file.ts';
import { type Sending, useUploads } from './use-uploads.ts';

type FileElement = ElementOf<'file'>;

/** Files chosen or dropped here are sent at once; the form goes when they have arrived. */
export function FileField(props: ControlProps<FileElement>) {
  const { element, id, value, errors, onChange } = props;
  const input = useRef<HTMLInputElement>(null);
  const files = draftFilesIn(value);
  const single = mostOf(element) === 1;
  const { sending, add, remove, retry } = useUploads({
    files,
    onChange: (next) => onChange(element.name, next),
    single,
    refusalOf: (file) => refusalOf(element, file),
  });
  const notes = { help: element.help, count: countOf(element, files) };
  const removeFile = (key: string): void => {
    remove(key);
    input.current?.focus();
  };
  return (
    <Field {...frameOf(props, notes)}>
      <div className="relative rounded-lg border border-dashed border-line-strong bg-surface hover:bg-sunken has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent has-[[aria-invalid=true]]:border-red">
        <p aria-hidden="true" className="pointer-events-none absolute inset-0 flex items-center gap-2.5 px-4 text-sm">
          <Icon name="file" className="size-5 text-ink-faint" />
          <span>
            <span className="font-medium text-accent underline underline-offset-2">{chooseText(element, single)}</span>
            <span className="text-ink-soft max-sm:hidden"> or drop {single ? 'it' : 'them'} here</span>
          </span>
        </p>
        <input
          ref={input}
          id={id}
          name={element.name}
          type="file"
          data-testid={`field-${element.name}`}
          multiple={!single}
          {...(element.directory && { webkitdirectory: '' })}
          {...(element.accept !== null && { accept: element.accept })}
          aria-invalid={errors.length > 0}
          aria-describedby={describedBy({ id, ...notes })}
          className="block min-h-14 w-full cursor-pointer opacity-0"
          onChange={(event) => {
            add([...(event.target.files ?? [])]);
            // The same file can be chosen again.
            event.target.value = '';
          }}
        />
      </div>
      {files.length > 0 && (
        <ul data-testid={`files-${element.name}`} className="divide-y divide-line rounded-lg border border-line">
          {files.map((file) => (
            <ChosenFile
              key={file.key}
              file={file}
              sending={sending.get(file.key)}
              refusal={refusalOf(element, file)}
              onRemove={() => removeFile(file.key)}
              onRetry={() => retry(file.key)}
            />
          ))}
        </ul>
      )}
      <p role="status" className="sr-only">
        {statusOf(files, sending.size)}
      </p>
    </Field>
  );
}

interface ChosenFileProps {
  file: DraftFile;
  /** Left out when it has arrived, or nothing is being done about it. */
  sending: Sending | undefined;
  refusal: string | undefined;
  onRemove: () => void;
  onRetry: () => void;
}

function ChosenFile({ file, sending, refusal, onRemove, onRetry }: ChosenFileProps) {
  const { name, size, upload } = file;
  return (
    <li className="flex min-h-11 items-center gap-3 px-3 py-1.5 text-sm">
      <Icon name={upload ? 'check' : 'file'} className={`size-4.5 ${upload ? 'text-green' : 'text-ink-faint'}`} />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap justify-between gap-x-3">
          <span className="min-w-0 [overflow-wrap:anywhere]">{name}</span>
          <span className="text-ink-faint tabular-nums">
            {sending && sending.error === null
              ? `${sizeInWords(sending.sent)} of ${sizeInWords(size)}`
              : sizeInWords(size)}
          </span>
        </p>
        {sending?.error === null && (
          <progress
            aria-label={`Sending ${name}`}
            value={sending.sent}
            max={Math.max(size, 1)}
            className={progressClass}
          />
        )}
        {sending?.error && (
          <p role="alert" className="text-red [overflow-wrap:anywhere]">
            {sending.error.title}. {sending.error.detail}
          </p>
        )}
        {refusal && <p className="text-red [overflow-wrap:anywhere]">{refusal}</p>}
        {!upload && !sending && !refusal && (
          <p className="text-amber">Not all of it arrived: choose it again to go on</p>
        )}
      </div>
      {sending?.error && (
        <button type="button" onClick={onRetry} className="font-medium text-accent underline underline-offset-2">
          Try again
        </button>
      )}
      <button
        type="button"
        aria-label={`Remove ${name}`}
        onClick={onRemove}
        className="-mr-1.5 flex size-9 shrink-0 items-center justify-center rounded-lg text-ink-faint hover:bg-sunken hover:text-ink"
      >
        <Icon name="cross" className="size-4" />
      </button>
    </li>
  );
}

const progressClass =
  'mt-1 block h-1.5 w-full appearance-none overflow-hidden rounded-full border-0 bg-line [&::-webkit-progress-bar]:bg-line ' +
  '[&::-webkit-progress-value]:bg-accent [&::-moz-progress-bar]:bg-accent';

function chooseText({ directory }: FileElement, single: boolean): string {
  if (directory) return 'Choose a folder';
  return single ? 'Choose a file' : 'Choose files';
}

/** How many there are, or else what is taken. */
function countOf(element: FileElement, files: readonly DraftFile[]): string | undefined {
  if (files.length > 1) return `${files.length} of ${mostOf(element)} files`;
  const { accept, max_bytes: most } = element;
  return [accept, most && `up to ${sizeInWords(most)} each`].filter(Boolean).join(', ') || undefined;
}

function statusOf(files: readonly DraftFile[], sending: number): string {
  const arrived = files.filter(({ upload }) => upload !== undefined).length;
  if (files.length === 0) return '';
  return sending > 0 ? `Sending, ${arrived} of ${files.length} done` : `${plural(arrived, 'file')} arrived`;
}
