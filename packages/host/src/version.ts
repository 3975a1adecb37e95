import manifest from '../package.json' with { type: 'json' };

/** Of this Airlock. */
export const { version } = manifest;
