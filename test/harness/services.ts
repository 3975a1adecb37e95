import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './host.ts';

/** A folder of services, by name and the text of their modules; `@airlock/…` can be imported in them. */
export function createServices(modules: Readonly<Record<string, string>>): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'airlock-services-'));
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  for (const [name, text] of Object.entries(modules)) {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'package.json'), '{"type":"module"}');
    writeFileSync(join(dir, name, 'service.ts'), text);
  }
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
