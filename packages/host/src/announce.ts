import type { AddressInfo } from 'node:net';
import type { Terminal } from './terminal.ts';

/** Where the panel is. */
export function urlOf(host: string, address: AddressInfo): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${address.port}`;
}

/** Told once, when it can be used. */
export function announce(terminal: Terminal, url: string, password: string | undefined): void {
  terminal.line('');
  if (password !== undefined) terminal.line(`  Sign in as admin with ${password}   (shown this once)`);
  terminal.line(`  Airlock is ready: ${url}`);
  terminal.line('  Ctrl-C stops it; sessions go on at the next start');
}
