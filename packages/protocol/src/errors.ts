import * as z from 'zod';

interface ErrorEntry {
  /** HTTP status the code travels with. */
  readonly status: number;
  /** What happened, in a few words. */
  readonly title: string;
  /** What the reader can do about it. */
  readonly fix: string;
}

/** Every error a person or a program can be shown. A code without a status, title and fix does not compile. */
export const errorTable = {
  bad_request: { status: 400, title: 'The request could not be read', fix: 'Correct the request and send it again' },
  unauthenticated: { status: 401, title: 'You are not signed in', fix: 'Sign in, or send a bearer token' },
  wrong_password: { status: 401, title: 'Wrong name or password', fix: 'Check both and try again' },
  forbidden: { status: 403, title: 'You may not do this', fix: 'Ask the owner or an administrator' },
  not_found: { status: 404, title: 'Nothing has this id', fix: 'Check the address; it may have been deleted' },
  already_answered: { status: 409, title: 'Already answered', fix: 'Reload to see the answer' },
  session_ended: {
    status: 409,
    title: 'The conversation has ended',
    fix: 'Start a new execution',
  },
  session_too_large: {
    status: 422,
    title: 'The session asks for more than there is',
    fix: 'Lower its `cpus` or `memoryBytes`, or raise AIRLOCK_MAX_CPUS or AIRLOCK_MAX_MEMORY',
  },
  execution_ended: { status: 409, title: 'The execution has ended', fix: 'Start a new execution' },
  launch_conflict: {
    status: 422,
    title: 'This Idempotency-Key was used for another launch',
    fix: 'Send a new key with other inputs, or the same inputs again',
  },
  withdrawn: {
    status: 409,
    title: 'It is not needed any more',
    fix: 'Catch it in the service, or leave it to the race',
  },
  execution_timed_out: {
    status: 500,
    title: 'The execution took too long',
    fix: 'Start a new one, or raise `executionMs` of the service',
  },
  owned_elsewhere: {
    status: 503,
    title: 'Another host runs this execution now',
    fix: 'Try again in a moment',
  },
  request_expired: { status: 410, title: 'The time to answer is over', fix: 'Start a new execution' },
  too_large: { status: 413, title: 'The request is too large', fix: 'Send less at once' },
  upload_conflict: {
    status: 409,
    title: 'The upload is at another place',
    fix: 'Ask how far it is, and go on from there',
  },
  upload_corrupt: { status: 460, title: 'A piece arrived damaged', fix: 'Send it again' },
  range_refused: { status: 416, title: 'The file has no such range', fix: 'Ask for bytes the file has' },
  invalid_inputs: { status: 422, title: 'Some values are not valid', fix: 'Correct the fields named and send again' },
  too_many_attempts: { status: 429, title: 'Too many attempts', fix: 'Wait a minute, then try again' },
  internal: {
    status: 500,
    title: 'Something went wrong in Airlock',
    fix: 'See `airlock logs`; report it if it repeats',
  },
  service_unavailable: { status: 503, title: 'The service cannot answer now', fix: 'Try again in a moment' },
  service_failed: { status: 500, title: 'The service failed', fix: 'See the error and the log of the execution' },
  service_not_loaded: {
    status: 503,
    title: 'The service does not load',
    fix: 'Correct its module, then run "airlock deploy"',
  },
  nondeterministic: {
    status: 500,
    title: 'The service took another way than its log',
    fix: 'Keep effects inside ctx calls, or start a new execution',
  },
  host_stopping: { status: 503, title: 'Airlock is stopping', fix: 'Try again when it is back' },
  disk_full: { status: 507, title: 'The disk is full', fix: 'Free space where AIRLOCK_HOME lies, then try again' },
  store_unusable: { status: 503, title: 'The store cannot be used', fix: 'Run `airlock doctor`' },
  engine_not_found: {
    status: 503,
    title: 'No container engine was found',
    fix: 'Install Docker or Podman, or set DOCKER_HOST',
  },
  engine_forbidden: {
    status: 503,
    title: 'No right to use the container engine',
    fix: 'Add yourself to the docker group: sudo usermod -aG docker $USER, then sign in again',
  },
  engine_unreachable: {
    status: 503,
    title: 'The container engine does not answer',
    fix: 'Start it (run `npm start`, or start Docker), then try again',
  },
  image_missing: {
    status: 503,
    title: 'The worker image is missing',
    fix: 'Run `npm start`, which builds or pulls it',
  },
  image_build_failed: {
    status: 503,
    title: 'The worker image could not be built',
    fix: 'Read the build log named above, correct the cause and run `npm start` again',
  },
  image_pull_failed: {
    status: 503,
    title: 'The worker image could not be pulled',
    fix: 'Check CONTAINER_IMAGE_URI and the access to its registry',
  },
  container_failed: {
    status: 503,
    title: 'The session container could not be started',
    fix: 'Run `airlock doctor`, then start a new execution',
  },
  container_lost: {
    status: 500,
    title: 'The session container is gone',
    fix: 'Start a new execution; something kills or removes what runs in it',
  },
  container_out_of_memory: {
    status: 500,
    title: 'The session container ran out of memory',
    fix: 'Start a new execution with a smaller task, or raise the memory limit of the service',
  },
  runner_failed: { status: 500, title: 'The runner failed', fix: 'See `airlock logs`, then start a new execution' },
  claude_failed: { status: 500, title: 'Claude could not finish the turn', fix: 'Start a new execution' },
  claude_stalled: { status: 500, title: 'Nothing happened for too long', fix: 'Start a new execution' },
  model_key_missing: { status: 401, title: 'No model key', fix: 'Set ANTHROPIC_API_KEY in .env and restart' },
  model_key_refused: {
    status: 401,
    title: 'The model API refused the key',
    fix: 'Correct ANTHROPIC_API_KEY in .env and restart',
  },
  model_refused: { status: 400, title: 'The model API refused the request', fix: 'See the detail; change the prompt' },
  model_limited: { status: 429, title: 'The model API limits this key', fix: 'Wait, or raise the limits of the key' },
  model_overloaded: { status: 529, title: 'The model API is overloaded', fix: 'Try again later' },
  model_unreachable: {
    status: 502,
    title: 'The model API cannot be reached',
    fix: 'Check the network and ANTHROPIC_BASE_URL',
  },
  secret_unusable: {
    status: 500,
    title: 'A secret cannot be used',
    fix: 'Correct the setting named in .env, restart, and start a new execution',
  },
  repository_unusable: {
    status: 502,
    title: 'The git repository cannot be used',
    fix: 'Correct what is named, then start a new execution',
  },
  cache_unfillable: {
    status: 502,
    title: 'A cache of the service could not be filled',
    fix: 'Correct its `fill` command, or the network of this machine, then start a new execution',
  },
  cache_in_use: {
    status: 409,
    title: 'The cache is in use',
    fix: 'Wait until the conversations that have it sleep or end',
  },
  workspace_full: { status: 507, title: 'The workspace is full', fix: 'Raise the limit of the service, or use less' },
  wire_refused: { status: 403, title: 'The wire was refused', fix: 'Another host has taken over this session' },
  nothing_to_back_up: {
    status: 404,
    title: 'There is nothing to back up',
    fix: 'Check AIRLOCK_HOME; the first start makes a store',
  },
  file_taken: { status: 409, title: 'The file is there already', fix: 'Name another file, or add --force' },
  backup_running: { status: 409, title: 'A backup or restore is running', fix: 'Wait until it has ended' },
  backup_failed: { status: 500, title: 'The backup could not be made', fix: 'Correct the cause and run it again' },
  backup_unusable: {
    status: 422,
    title: 'The backup cannot be used',
    fix: 'Use another backup, or another copy of this one',
  },
  backup_newer: {
    status: 422,
    title: 'The backup was made by a newer Airlock',
    fix: 'Update Airlock, then restore it again',
  },
  home_taken: {
    status: 409,
    title: 'The home has a store already',
    fix: 'Set AIRLOCK_HOME to another folder, or add --force to move what is there aside',
  },
  workspace_taken: {
    status: 409,
    title: 'A workspace belongs to another installation',
    fix: 'Delete its execution there, or restore on another machine',
  },
  interrupted: { status: 500, title: 'It was stopped before its end', fix: 'Run it again' },
  config_invalid: { status: 500, title: 'A setting is not valid', fix: 'Correct the setting named and start again' },
  port_taken: { status: 500, title: 'The port is taken', fix: 'Set AIRLOCK_PORT to another port, or stop its owner' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;
export const errorCodeSchema = z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]]);

/** Messages by field name; `_global_` holds those that belong to no field. */
export const fieldErrorsSchema = z.record(z.string(), z.array(z.string()));
export type FieldErrors = z.infer<typeof fieldErrorsSchema>;

/** An error as data: in HTTP bodies (under `error`), events and channel messages. */
export const errorBodySchema = z.object({
  code: errorCodeSchema,
  title: z.string(),
  detail: z.string(),
  fix: z.string(),
  fields: fieldErrorsSchema.optional(),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;

/** An error with a code of the table; `detail` says what is particular to this case. */
export class AirlockError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly fields: FieldErrors | undefined;

  constructor(code: ErrorCode, detail: string, options: { cause?: unknown; fields?: FieldErrors } = {}) {
    super(`${errorTable[code].title}: ${detail}`, { cause: options.cause });
    this.name = 'AirlockError';
    this.code = code;
    this.detail = detail;
    this.fields = options.fields;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  toBody(): ErrorBody {
    const { title, fix } = errorTable[this.code];
    return {
      code: this.code,
      title,
      detail: this.detail,
      fix,
      ...(this.fields === undefined ? {} : { fields: this.fields }),
    };
  }

  /** Rebuilds an error that crossed a process boundary. */
  static fromBody(body: ErrorBody): AirlockError {
    return new AirlockError(body.code, body.detail, body.fields === undefined ? {} : { fields: body.fields });
  }

  /** Whatever was thrown, as one of ours; unknown errors become `fallback` with their message as detail. */
  static from(thrown: unknown, fallback: ErrorCode = 'internal'): AirlockError {
    if (thrown instanceof AirlockError) return thrown;
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    return new AirlockError(fallback, detail, { cause: thrown });
  }
}
