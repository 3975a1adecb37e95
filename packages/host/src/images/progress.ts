/** Where making an image usable stands. */
export interface ImageProgress {
  /** What is being done: `base`, `packages`. */
  readonly name: string;
  /** Step `n` of `of`. */
  readonly n: number;
  readonly of: number;
  readonly detail: string;
  /** Of this step, where it is known. */
  readonly percent?: number;
}

export type OnImageProgress = (progress: ImageProgress) => void;

/** The steps of a build, in order, as people read them. */
export const buildSteps = ['Base image', 'Programs', 'Image'] as const;
export type BuildStep = (typeof buildSteps)[number];

/** Reports one step of a build. */
export function stepReporter(onProgress: OnImageProgress, step: BuildStep): (detail: string, percent?: number) => void {
  const n = buildSteps.indexOf(step) + 1;
  return (detail, percent) =>
    onProgress({ name: step, n, of: buildSteps.length, detail, ...(percent === undefined ? {} : { percent }) });
}
