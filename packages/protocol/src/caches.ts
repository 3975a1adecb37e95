import * as z from 'zod';

/*
 * Packages a service lets its conversations find ready. A command of its author fills a cache, once and before any
 * conversation sees it; conversations can only read it.
 */

/** Folder of the container that caches are mounted below, by name. */
export const cachesFolder = '/caches';

/** Settings of package managers, by how their names begin. */
const managers = [
  'PIP_',
  'UV_',
  'NPM_CONFIG_',
  'npm_config_',
  'YARN_',
  'CARGO_',
  'BUNDLE_',
  'GEM_',
  'COMPOSER_',
  'HF_',
];
const others = ['PYTHONPATH', 'NODE_PATH', 'PERL5LIB', 'R_LIBS', 'GOPROXY', 'GOFLAGS', 'GOSUMDB', 'GOMODCACHE'];
/** For programs of one's own. */
const own = 'CACHE_';

/**
 * Whether a cache may set a variable of this name. What is not known to be harmless is not: programs in the container,
 * the CLI first, are told what to do by hundreds of names.
 */
export function isCacheVariable(name: string): boolean {
  if (others.includes(name)) return true;
  if (/proxy/i.test(name)) return false;
  return [...managers, own].some((start) => name.startsWith(start) && /^\w{1,64}$/.test(name) && name !== start);
}

const variablesSchema = z.record(
  z.string().refine(isCacheVariable, 'Not a variable a cache may set: use one of a package manager, or CACHE_…'),
  z
    .string()
    .max(1_000)
    .regex(/^\P{Cc}*$/u, 'No control characters'),
);

export const cacheSchema = z.strictObject({
  /** It is at `/caches/<name>`. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'Lower-case letters, digits and -, 32 at most'),
  /** A program and its arguments; it is run in the empty cache, with a network. No shell reads it. */
  fill: z.tuple([z.string().min(1)], z.string()).refine(isArguments, 'At most 100 arguments of 4,000 characters'),
  /** Variables for what runs in the conversation. */
  env: variablesSchema.refine((env) => Object.keys(env).length <= 20, 'At most 20 variables').optional(),
});
export type Cache = z.infer<typeof cacheSchema>;

function isArguments(words: readonly string[]): boolean {
  return words.length <= 100 && words.every((word) => word.length <= 4_000 && !word.includes('\0'));
}

export const cachesSchema = z
  .array(cacheSchema)
  .max(8)
  .superRefine((caches, context) => {
    for (const [what, names] of [
      ['Two caches have the name', caches.map(({ name }) => name)],
      ['Two caches set', caches.flatMap(({ env = {} }) => Object.keys(env))],
    ] as const) {
      const twice = names.find((name, at) => names.indexOf(name) !== at);
      if (twice !== undefined) context.addIssue({ code: 'custom', message: `${what} ${twice}` });
    }
  });

/** Variables of a conversation with these caches. */
export function cacheEnv(caches: readonly Cache[]): Record<string, string> {
  return Object.assign({}, ...caches.map(({ env = {} }) => env));
}

/** The same, as a container is told; it believes no one. */
export const cacheEnvSchema = variablesSchema;

/** A cache that has been filled, as the host keeps it. */
export const filledCacheSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  service: z.string(),
  name: z.string(),
  fill: z.array(z.string()),
  /** The engine's id of the image it was filled in. */
  image: z.string(),
  bytes: z.number().int().nonnegative(),
  filledAt: z.iso.datetime(),
  /** When a container was last given it. */
  usedAt: z.iso.datetime(),
});
export type FilledCache = z.infer<typeof filledCacheSchema>;
