import { useCallback, useEffect, useRef, useState } from 'react';
import type { ApiError } from '../../lib/api-error.ts';
import type { DraftFile } from '../../lib/draft.ts';
import { discardUpload, type RunningUpload, startUpload } from '../../lib/upload.ts';
import { draftFileOf } from './draft-file.ts';

/** Files sent at the same time; the others wait. */
const atOnce = 3;

/** What happens to a file that has not arrived: waiting, on its way, or stopped by an error. */
export interface Sending {
  readonly file: File;
  readonly sent: number;
  readonly error: ApiError | null;
}

interface UploadsOptions {
  readonly files: readonly DraftFile[];
  readonly onChange: (files: DraftFile[]) => void;
  /** Whether one file takes the place of another. */
  readonly single: boolean;
  /** Why a file is not taken at all; it is not sent then. */
  readonly refusalOf: (file: DraftFile) => string | undefined;
}

type All = ReadonlyMap<string, Sending>;

/** The files of a field on their way to the host, while the field is shown. */
export function useUploads({ files, onChange, single, refusalOf }: UploadsOptions) {
  // What is so now; a render can be of what was so before an upload ended, and must not begin it again.
  const all = useRef<All>(new Map());
  const [sending, show] = useState(all.current);
  const set = useCallback((change: (before: All) => All) => {
    all.current = change(all.current);
    show(all.current);
  }, []);
  const running = useRef(new Map<string, RunningUpload>());
  // What callbacks of uploads see: they outlive the render they were made in.
  const now = useRef({ files, onChange });
  now.current = { files, onChange };

  useEffect(() => {
    const uploads = running.current;
    return () => {
      for (const upload of uploads.values()) upload.stop();
      uploads.clear();
    };
  }, []);

  // Whatever changes, those that wait get the places that are free.
  useEffect(() => {
    const waiting = [...all.current].filter(([key, { error }]) => error === null && !running.current.has(key));
    for (const [key, { file }] of waiting.slice(0, atOnce - running.current.size)) begin(key, file);
  });

  useEffect(() => {
    const goOn = () => set((before) => new Map([...before].map(([key, each]) => [key, retried(each)])));
    window.addEventListener('online', goOn);
    return () => window.removeEventListener('online', goOn);
  }, [set]);

  function write(next: readonly DraftFile[]): void {
    now.current = { ...now.current, files: next };
    now.current.onChange([...next]);
  }

  function patch(key: string, change: Partial<Sending>): void {
    set((before) => {
      const known = before.get(key);
      return known ? new Map(before).set(key, { ...known, ...change }) : before;
    });
  }

  function forget(key: string): void {
    running.current.delete(key);
    set((before) => new Map([...before].filter(([each]) => each !== key)));
  }

  function begin(key: string, file: File): void {
    const name = now.current.files.find((each) => each.key === key)?.name ?? file.name;
    const upload = startUpload(file, name, {
      onProgress: (sent) => patch(key, { sent }),
      onDone: (id) => {
        forget(key);
        write(now.current.files.map((each) => (each.key === key ? { ...each, upload: id } : each)));
      },
      onFailed: (error) => {
        running.current.delete(key);
        patch(key, { error });
      },
    });
    running.current.set(key, upload);
  }

  function remove(key: string): void {
    const arrived = now.current.files.find((each) => each.key === key)?.upload;
    running.current.get(key)?.discard();
    if (arrived !== undefined) discardUpload(arrived);
    forget(key);
    write(now.current.files.filter((each) => each.key !== key));
  }

  /** One that was not all there, chosen again, keeps its place. */
  function add(chosen: readonly File[]): void {
    if (single) for (const { key } of now.current.files) remove(key);
    const list = [...now.current.files];
    const started = new Map(all.current);
    for (const file of single ? chosen.slice(0, 1) : chosen) {
      const made = draftFileOf(file);
      const isSame = (each: DraftFile) => !each.upload && !started.has(each.key) && each.name === made.name;
      const known = list.find((each) => isSame(each) && each.size === made.size);
      const entry = known ?? made;
      if (!known) list.push(made);
      if (refusalOf(entry) === undefined) started.set(entry.key, { file, sent: 0, error: null });
    }
    write(list);
    set(() => started);
  }

  return { sending, add, remove, retry: (key: string) => patch(key, { error: null }) };
}

function retried(each: Sending): Sending {
  return each.error?.code === 'network' ? { ...each, error: null } : each;
}
