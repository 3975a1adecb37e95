import type { ColumnType, Generated } from 'kysely';

/** Times are ISO 8601 UTC text; JSON is text, parsed by whoever reads it. */
type JsonText = string;

export interface ExecutionsTable {
  id: string;
  service: string;
  title: string;
  user: string;
  status: string;
  inputs: JsonText;
  excerpt: string;
  result: JsonText | null;
  started_at: string;
  ended_at: string | null;
  last_seq: ColumnType<number, number | undefined, number>;
  /** Number of the next call outcome; outcomes are replayed in this order. */
  next_outcome: ColumnType<number, number | undefined, number>;
  usage: JsonText;
  /** The host that runs it; its `epoch` grows with every change of owner. */
  owner: ColumnType<string | null, string | null | undefined, string | null>;
  epoch: ColumnType<number, number | undefined, number>;
  /** How it is to end, once somebody or something asked for that. */
  stop: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
  /** `next_outcome` when the service was last seen waiting for the host alone; equal: it need not be in a process. */
  parked: ColumnType<number | null, number | null | undefined, number | null>;
  /** The Idempotency-Key it was launched with, unique for its user, and a hash of what was sent with it. */
  launch_key: ColumnType<string | null, string | null | undefined, string | null>;
  launch_hash: ColumnType<string | null, string | null | undefined, string | null>;
  /** Hash of the version of the service it runs; null: the one served when a host next looks. */
  version: ColumnType<string | null, string | null | undefined, string | null>;
  /** How long people were waited for before `waiting_since`, in ms; since when they are, in ms since 1970, null: they are not. */
  waited_ms: ColumnType<number, number | undefined, number>;
  waiting_since: ColumnType<number | null, number | null | undefined, number | null>;
}

/** Services as they were deployed, each as one module. */
export interface ServiceVersionsTable {
  service: string;
  hash: string;
  /** Name of the folder it came from. */
  folder: string;
  code: string;
  manifest: JsonText;
  /** When it was last made the one for new executions. */
  deployed_at: string;
}

export interface EventsTable {
  execution: string;
  seq: number;
  at: string;
  kind: string;
  payload: JsonText;
}

/** Calls a service made, and their outcomes. */
export interface CallsTable {
  execution: string;
  key: string;
  /** Order in which calls were made. */
  made: number;
  call: JsonText;
  outcome: JsonText | null;
  /** Order in which outcomes were delivered. */
  settled: number | null;
  /** `step`: attempts begun, and 1 while the next one waits for its timer. */
  attempts: ColumnType<number, number | undefined, number>;
  delayed: ColumnType<0 | 1, 0 | 1 | undefined, 0 | 1>;
}

export interface RequestsTable {
  id: string;
  execution: string;
  session: string | null;
  kind: string;
  ask: JsonText;
  /** `form`: key of the lock call. Others: the CLI's request id. */
  ref: string;
  status: 'open' | 'answered' | 'expired' | 'withdrawn';
  created_at: string;
  expires_at: string | null;
  answered_by: string | null;
  answered_at: string | null;
  answer: JsonText | null;
  /** Who may answer; null: the owner of the execution. */
  assign: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
  /** Taken as the answer when the time is over. */
  otherwise: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
  /** Who handed it on last; null when nobody did. */
  handed: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
  /** What is to happen while nobody answers; null: nothing. */
  rules: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
  reminded_at: ColumnType<string | null, string | null | undefined, string | null>;
}

/** Something to do at a time, once, by the host that owns the execution. */
export interface TimersTable {
  execution: string;
  kind: 'sleep' | 'step' | 'expiry' | 'remind' | 'escalate' | 'limit' | 'stop';
  /** `sleep`, `step`: the call's key. `expiry`, `remind`, `escalate`: the request. Others: empty. */
  ref: string;
  at: string;
}

/** Hosts that run executions of this store, each until its lease is over. */
export interface HostsTable {
  id: string;
  /** Names the installation, so that a host which starts again knows what it left behind. */
  home: string;
  started_at: string;
  expires_at: string;
}

export interface SessionsTable {
  id: string;
  execution: string;
  name: string;
  /** `hibernating`: its runner was told to end, so that it can sleep; `hibernated`: it sleeps and has no container. */
  state: 'starting' | 'live' | 'hibernating' | 'hibernated' | 'ending' | 'ended' | 'lost';
  options: JsonText;
  image: string;
  token: string;
  container: string | null;
  /** Container known to be gone, whose place the next one takes. */
  replaces: string | null;
  /** Containers lost in a row since something got done, and since the turn in progress began. */
  losses: number;
  turn_losses: number;
  epoch: number;
  /** Last up frame committed from `container`. */
  up_committed: number;
  /** Number of the last down frame queued. */
  down_queued: number;
  /** Call waiting for the turn in progress, and the uuid of its prompt. */
  turn_call: string | null;
  turn_prompt: string | null;
  /** The down frame that said it. */
  turn_frame: JsonText | null;
  /** Metered since the turn began. */
  turn_usage: JsonText;
  problem: JsonText | null;
  /** Number of the last file given to the execution that lies in its workspace; -1: those of the session itself do not yet. */
  files_taken: ColumnType<number, number | undefined, number>;
  /** What people have allowed for all of the conversation; null: nothing. */
  grants: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
  /** Requests whose answers no container has taken; null: none. */
  unspent: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
  /** The engine's id of the image. */
  digest: ColumnType<string | null, string | null | undefined, string | null>;
  /** What the CLI says of itself; null: it has not yet. */
  facts: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
  /** How full Claude's memory was after the last turn. */
  context: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
  /** What runs beside Claude; null: nothing. */
  tasks: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
  /** Since when it has had nothing to do; of one that is `hibernating`, when it was last heard of. Null: it is at work. */
  idle_at: ColumnType<string | null, string | null | undefined, string | null>;
  /** Since when it waits for room for its container; null: it does not. */
  queued_at: ColumnType<string | null, string | null | undefined, string | null>;
}

/** Containers started before there is a session for them; `id` becomes that of the session. */
export interface SparesTable {
  id: string;
  /** Names the installation that has started it. */
  home: string;
  /** Hash of everything that makes it other than other spares; of its image, the engine's id. */
  kind: string;
  digest: string;
  token: string;
  /** Null while it is being started. */
  container: string | null;
  made_at: string;
}

/** Files of executions; their bytes lie in the home. */
export interface FilesTable {
  n: Generated<number>;
  execution: string;
  place: 'in' | 'out';
  path: string;
  size: number;
  sha256: string;
  /** Who gave it; null: a session or a service. */
  by: string | null;
  at: string;
}

/** Uses of tools of services; they go with their session. */
export interface ToolUsesTable {
  n: Generated<number>;
  session: string;
  tool_use: string;
  /** The runner's own name for it, which changes with the container. */
  call: string;
  tool: string;
  input: JsonText;
  /** Whether the service has got it. */
  taken: 0 | 1;
  result: ColumnType<JsonText | null, JsonText | null | undefined, JsonText | null>;
}

export interface OutboxTable {
  session: string;
  n: number;
  frame: JsonText;
}

export interface TranscriptsTable {
  id: Generated<number>;
  session: string;
  project_key: string;
  subpath: string;
  uuid: string | null;
  entry: JsonText;
}

export interface UsersTable {
  name: string;
  role: 'admin' | 'member';
  password_hash: string;
  created_at: string;
}

/** Cookie sessions and bearer tokens; only hashes are stored. */
export interface CredentialsTable {
  hash: string;
  kind: 'cookie' | 'token';
  user: string;
  label: string;
  created_at: string;
  expires_at: string | null;
}

export interface MetaTable {
  key: string;
  value: string;
}

export interface Schema {
  executions: ExecutionsTable;
  events: EventsTable;
  calls: CallsTable;
  requests: RequestsTable;
  sessions: SessionsTable;
  outbox: OutboxTable;
  transcripts: TranscriptsTable;
  users: UsersTable;
  credentials: CredentialsTable;
  meta: MetaTable;
  timers: TimersTable;
  hosts: HostsTable;
  files: FilesTable;
  service_versions: ServiceVersionsTable;
  tool_uses: ToolUsesTable;
  spares: SparesTable;
}
