import * as z from 'zod';

/** An MCP server that runs in the container, and speaks over its standard input and output. */
export const localMcpServerSchema = z.strictObject({
  command: z.string().min(1).max(1_000),
  args: z.array(z.string().max(20_000)).max(100).exactOptional(),
  /** The container has no secrets: neither may this. */
  env: z.record(z.string(), z.string().max(4_000)).exactOptional(),
});

const secretName = /[A-Z](?:[A-Z0-9_]{0,62}[A-Z0-9])?/.source;
/** Where a header names a secret: `{{NAME}}`. */
export const secretReference = new RegExp(`\\{\\{(${secretName})\\}\\}`, 'g');
/** The names of secrets; `HOSTS_` begins the setting that says where one may be sent. */
export const secretNamePattern = new RegExp(`^(?!HOSTS_)${secretName}$`);

const requestHeader =
  /^(?:accept|content-type|last-event-id|mcp-(?:method|name|protocol-version|session-id|param-[a-z0-9_-]{1,64}))$/;

/** Whether a header, in small letters, is the transport's own: of an MCP request, all that comes from Claude's side. */
export function isMcpRequestHeader(name: string): boolean {
  return requestHeader.test(name);
}

/** Headers a service cannot set: they are the transport's, or belong to one hop. */
const notSettable = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'last-event-id',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function namesSecretsWell(value: string): boolean {
  const names = [...value.matchAll(secretReference)].map(([, name]) => name ?? '');
  return names.every((name) => secretNamePattern.test(name)) && !/\{\{|\}\}/.test(value.replace(secretReference, ''));
}

/** Why a header cannot be sent; undefined when it can. */
function problemOfHeader(name: string, value: string): string | undefined {
  const lower = name.toLowerCase();
  if (!/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name)) return 'This is no name of a header';
  if (notSettable.has(lower) || /^(?:mcp|proxy)-/.test(lower)) return 'This header is set by Airlock';
  if (!/^[\x20-\x7e]*$/.test(value)) return 'A header is printable ASCII';
  return namesSecretsWell(value)
    ? undefined
    : 'A secret is named {{LIKE_THIS}}: capital letters, digits and underscores';
}

const headersSchema = z.record(z.string(), z.string().max(4_000)).superRefine((headers, { addIssue }) => {
  const names = Object.keys(headers);
  if (names.length > 20) addIssue('At most 20 headers');
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length) addIssue('A header can be set once');
  for (const [name, value] of Object.entries(headers)) {
    const message = problemOfHeader(name, value);
    if (message !== undefined) addIssue({ code: 'custom', message, path: [name] });
  }
});

/** Whether `hostname`, of a URL, is this machine's own. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

/** Why a server cannot be reached at this address; undefined when it can. */
function problemOfUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return 'Expected a URL';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'A URL holds no user and password: put them into headers';
  if (url.hash !== '') return 'Leave out what follows the #';
  if (/\{\{|%7B%7B/i.test(text)) return 'Secrets can be named in headers only';
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return undefined;
  return 'Expected https://, or http:// to this machine itself (127.0.0.1, [::1], localhost)';
}

const urlSchema = z
  .string()
  .max(2_000)
  .superRefine((text, { addIssue }) => {
    const problem = problemOfUrl(text);
    if (problem !== undefined) addIssue(problem);
  });

/** An MCP server reached over HTTP: by the host, for the container cannot. */
export const remoteMcpServerSchema = z.strictObject({
  url: urlSchema,
  /** Sent with every request. `{{NAME}}` is the secret of that name, which the host puts in as it sends it. */
  headers: headersSchema.exactOptional(),
});
export type RemoteMcpServer = z.infer<typeof remoteMcpServerSchema>;

/** Of a union, what does not fit the kind that was meant. */
function meant(input: unknown): string {
  const isRemote = typeof input === 'object' && input !== null && 'url' in input;
  const { error } = (isRemote ? remoteMcpServerSchema : localMcpServerSchema).safeParse(input);
  return error?.issues.map(({ path, message }) => [...path, message].join(': ')).join('; ') ?? 'It is not valid';
}

export const mcpServersSchema = z.record(
  z
    .string()
    .regex(/^(?!service$)[a-z0-9-]{1,64}$/, 'A name has small letters, digits and dashes, and is not "service"'),
  z.union([localMcpServerSchema, remoteMcpServerSchema], { error: ({ input }) => meant(input) }),
);

export type McpServers = z.infer<typeof mcpServersSchema>;

/** What a container is told of an MCP server: of a remote one, that the host knows it. */
export const toldMcpServerSchema = z.union([localMcpServerSchema, z.strictObject({ type: z.literal('http') })]);
export type ToldMcpServer = z.infer<typeof toldMcpServerSchema>;
